// The websocket with the changes from the server. When it closes, it is opened again, and the page
// starts with the new initial state.

import { applyUpdate, hello } from "./store.js";

const RECONNECT_DELAY = 1000; // milliseconds
let socket = null;
let wantsRequests = false;

export function connect() {
  const lost = document.getElementById("lost");
  const address = new URL("events", document.baseURI);
  address.protocol = "ws:";
  socket = new WebSocket(address);
  socket.addEventListener("open", () => socket.send(wantsRequests ? "panel open" : "panel closed"));
  socket.addEventListener("message", (event) => {
    const data = JSON.parse(event.data);
    if (data.hello) hello(data.hello);
    else applyUpdate(data);
    lost.hidden = true;
  });
  socket.addEventListener("close", () => {
    lost.hidden = false;
    setTimeout(connect, RECONNECT_DELAY);
  });
}

/** Ask for what the bot sends to Discord, or no longer. */
export function wantTraffic(wanted) {
  wantsRequests = wanted;
  if (socket?.readyState === WebSocket.OPEN) socket.send(wanted ? "panel open" : "panel closed");
}
