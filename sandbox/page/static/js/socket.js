// The line on which the server tells of changes. When it breaks, it is opened again and the page
// starts anew from what the server then says.

import { hello, news } from "./store.js";

const AGAIN = 1000;
let socket = null;
let wantsTraffic = false;

export function connect() {
  const lost = document.getElementById("lost");
  const address = new URL("events", document.baseURI);
  address.protocol = "ws:";
  socket = new WebSocket(address);
  socket.addEventListener("open", () => socket.send(wantsTraffic ? "panel open" : "panel closed"));
  socket.addEventListener("message", (event) => {
    const said = JSON.parse(event.data);
    if (said.hello) hello(said.hello);
    else news(said);
    lost.hidden = true;
  });
  socket.addEventListener("close", () => {
    lost.hidden = false;
    setTimeout(connect, AGAIN);
  });
}

/** Ask for what the bot sends to Discord, or no longer. */
export function wantTraffic(wanted) {
  wantsTraffic = wanted;
  if (socket?.readyState === WebSocket.OPEN) socket.send(wanted ? "panel open" : "panel closed");
}
