// Fetches the page anew whenever the CRM tells of an effect, and marks what is new.
"use strict";

const live = document.getElementById("live");
let drawing = false;
let wanted = 0;

async function draw() {
  if (drawing) return;
  drawing = true;
  try {
    do {
      const main = current();
      const answer = await fetch("/", { cache: "no-store" });
      const text = await answer.text();
      const fresh = new DOMParser().parseFromString(text, "text/html");
      const next = fresh.querySelector("main");
      markNews(next, sequenceOf(main));
      const scrolled = main.querySelector(".changes")?.scrollTop ?? 0;
      main.replaceWith(next);
      next.querySelector(".changes")?.scrollTo(0, scrolled);
    } while (sequenceOf(current()) < wanted);
  } catch {
    // The stream reconnects by itself and asks for another drawing.
  } finally {
    drawing = false;
  }
}

function current() {
  return document.querySelector("main");
}

function sequenceOf(element) {
  return Number(element.dataset.sequence);
}

function markNews(main, seen) {
  const touched = new Set();
  for (const change of main.querySelectorAll(".changes li")) {
    if (sequenceOf(change) <= seen) break;
    change.classList.add("new");
    touched.add(change.dataset.id);
  }
  for (const row of main.querySelectorAll("tbody tr")) {
    row.classList.toggle("new", touched.has(row.dataset.id));
  }
}

function show(text, on) {
  live.textContent = text;
  live.classList.toggle("on", on);
}

const news = new EventSource("/live");
news.onopen = () => show("Live", true);
news.onerror = () => show("The CRM does not answer; trying again", false);
news.onmessage = (message) => {
  wanted = Number(message.data);
  // Lower, too: a CRM without a file starts anew at 0.
  if (sequenceOf(current()) !== wanted) draw();
};
