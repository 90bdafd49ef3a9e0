// Draws the page again when the server says that something has changed; what is open stays open.
"use strict";
const events = new EventSource("/events");
let tag = null;
let busy = false;
events.onmessage = async () => {
  if (busy || document.activeElement?.closest("form")) return;
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {} });
    if (answer.status !== 200) return;
    tag = answer.headers.get("ETag");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const old = document.querySelector("main");
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    page.querySelectorAll("main details").forEach((one, place) => { one.open = open[place] ?? false; });
    old.replaceWith(page.querySelector("main"));
    document.title = page.title;
  } finally {
    busy = false;
  }
};
