/** Where Movie Together is, and who the viewer is: /token is the cinema's own and gives the signed-in person's access token. */
export const site = "https://together.example";

export const accessToken = async () => (await (await fetch("/token")).json()).access_token;

export async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${await accessToken()}`, "Content-Type": "application/json" };
  const response = await fetch(`${site}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error((await response.json()).detail);
  return response.json();
}
