// Says that a newer build was published while the page stood open. Nothing changes under a reader.
"use strict";

const news = document.querySelector(".news");
const watch = setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch("/build").catch(() => null); // the report may have been ended
  if (!answer || !answer.ok || (await answer.text()) === news.dataset.build) return;
  news.hidden = false;
  clearInterval(watch);
}, 2000);
