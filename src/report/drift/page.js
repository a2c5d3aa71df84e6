
"use strict";
(() => {
  const items = [...document.querySelectorAll(".item")];
  const classes = [...document.querySelectorAll("button.class")];
  const fresh = document.getElementById("new");
  const search = document.getElementById("search");
  const all = document.getElementById("all");
  const shown = document.getElementById("shown");
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";
  const toggle = (button) => button.setAttribute("aria-pressed", String(!pressed(button)));
  let host = null;

  const filter = () => {
    const wanted = new Set(classes.filter(pressed).map((button) => button.dataset.class));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      const fits = wanted.has(item.dataset.class)
        && (host === null || item.dataset.host === host)
        && (!pressed(fresh) || item.dataset.new === "true")
        && words.every((word) => text.includes(word));
      item.hidden = !fits;
      count += fits ? 1 : 0;
    }
    all.hidden = host === null;
    shown.textContent = count === items.length ? "" : `${count} of ${items.length}`;
  };

  for (const button of [...classes, fresh]) {
    button.addEventListener("click", () => { toggle(button); filter(); });
  }
  for (const button of document.querySelectorAll("button.host")) {
    button.addEventListener("click", () => {
      host = button.dataset.host;
      filter();
      document.getElementById("filters").scrollIntoView();
    });
  }
  all.addEventListener("click", () => { host = null; filter(); });
  search.addEventListener("input", filter);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
})();
