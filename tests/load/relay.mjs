// What sync_service is measured against: the plainest room server that Node.js and `ws` make. What a member says goes
// as it is to everyone in the room; there is no state, no order, no store and no limit.
//   node relay.mjs PORT
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const rooms = new Map();
const http = createServer((request, response) => response.end("ready\n"));
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });

sockets.on("connection", (socket, request) => {
  const name = request.url;
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(socket));
  socket.on("message", (data, isBinary) => {
    for (const member of room) member.send(data, { binary: isBinary });
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => room.delete(socket));
});

http.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
