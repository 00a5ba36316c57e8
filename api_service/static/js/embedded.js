/**
 * The room's page inside a frame of a page of FRAME_ANCESTORS: tells that page its height, its title and its end by postMessage.
 *
 * Messages: {type: "movie-together:height", height} (px), {type: "movie-together:title", title}, {type: "movie-together:closed", reason}.
 */
const hall = document.getElementById("hall");
const embedders = hall.dataset.embedders.split(" ").filter(Boolean);

/** The chat's height under the film where the page is narrow, px. */
const CHAT_PX = 480;

if (parent !== window) embed();

function embed() {
  const embedder = embedderOrigin();
  document.documentElement.classList.add("embedded");
  for (const link of document.querySelectorAll("a[href]")) link.target = "_top"; // no other page of ours may be in a frame
  if (!embedder) return;
  const send = (type, detail) => parent.postMessage({ type: `movie-together:${type}`, ...detail }, embedder);

  let height = 0;
  const sendHeight = () => {
    const wanted = wantedHeight();
    if (Math.abs(wanted - height) < 2) return;
    height = wanted;
    send("height", { height });
  };
  const sizes = new ResizeObserver(sendHeight);
  for (const node of [hall, ...document.querySelector(".hall__stage").children]) sizes.observe(node); // some grow once their modules ran
  sendHeight();

  const sendTitle = () => send("title", { title: document.title });
  new MutationObserver(sendTitle).observe(document.querySelector("title"), { childList: true });
  sendTitle();

  document.addEventListener("mt-status", ({ detail }) => {
    if (["closed", "stopped"].includes(detail.status)) send("closed", { reason: detail.reason });
  });
}

/** Return the origin of the page around this one if it may know of the room, else undefined. */
function embedderOrigin() {
  const around = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
  return embedders.find((origin) => origin === around);
}

/** Return the height at which the film fills the frame's width and nothing is cut off; it depends on the width alone. */
function wantedHeight() {
  const stage = document.querySelector(".hall__stage");
  const player = stage.querySelector("media-controller");
  const beside = getComputedStyle(hall).gridTemplateColumns.split(" ").length > 1;
  const { paddingLeft, paddingRight } = getComputedStyle(stage);
  const width = stage.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  const around = [...stage.children].reduce((sum, child) => sum + child.getBoundingClientRect().height, 0) - player.getBoundingClientRect().height;
  const head = document.querySelector(".hall__head").getBoundingClientRect().height;
  return Math.ceil(head + width * 9 / 16 + around + (beside ? 48 : CHAT_PX));
}
