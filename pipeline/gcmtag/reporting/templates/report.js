(() => {
  const form = document.querySelector(".filter");
  if (!form) return;
  const byObjective = document.getElementById("by-objective");
  const byDocument = document.getElementById("by-document");
  const shown = document.getElementById("shown");
  const articles = [...document.querySelectorAll(".objective")];

  function filter() {
    const objective = byObjective.value, chosen = byDocument.value;
    let passages = 0, objectives = 0;
    for (const article of articles) {
      let found = 0;
      for (const item of article.querySelectorAll(".quote")) {
        item.hidden = chosen !== "" && item.dataset.document !== chosen;
        found += !item.hidden;
      }
      article.hidden = (objective !== "" && article.dataset.objective !== objective) || (chosen !== "" && !found && objective === "");
      article.classList.toggle("filtered-empty", chosen !== "" && !found);
      const more = article.querySelector("details");
      if (more) {
        more.open = chosen !== "" || objective !== "";
        more.hidden = !more.querySelector(".quote:not([hidden])");
      }
      if (!article.hidden) { passages += found; objectives += found > 0; }
    }
    for (const cluster of document.querySelectorAll(".cluster"))
      cluster.hidden = !cluster.querySelector(".objective:not([hidden])");
    shown.textContent = objective || chosen
      ? `${passages} passage${passages === 1 ? "" : "s"} shown for ${objectives} objective${objectives === 1 ? "" : "s"}` : "";
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", filter);
})();
