// What the page asks of the server. Every answer is an object; `error` is a sentence for the member.

import { store } from "./store.js";

const GONE = { error: "The sandbox does not answer." };

async function sent(address, options) {
  try {
    const answer = await fetch(address, options);
    if (!answer.headers.get("Content-Type")?.includes("json"))
      return { error: `The sandbox answered ${answer.status}.` };
    return await answer.json();
  } catch {
    return GONE;
  }
}

const posted = (address, body) =>
  sent(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** Perform an action as the current member, see sandbox/page/actions.py. */
export function act(what, fields = {}) {
  if (what !== "autocomplete") document.dispatchEvent(new CustomEvent("acted", { detail: fields }));
  return posted("act", { do: what, member: store.member, channel: store.channel, ...fields });
}

/** Perform an action of the control panel, see sandbox/page/control_panel.py. */
export const panelAction = (what, fields = {}) => posted("panel", { do: what, ...fields });

export const panelStatus = (since) => sent(`panel?since=${encodeURIComponent(since)}`);
export const sampleClips = async () => (await sent("sample-clips")).clips ?? [];

/** Bring a file to the server; answers the name under which it is kept there. */
export const upload = (file) =>
  sent(`upload?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream", "X-Upload": "1" },
    body: file,
  });
