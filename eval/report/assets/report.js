const form = document.querySelector(".filter");
if (form) {
  const step = 50;
  const failures = [...document.querySelectorAll(".failure")];
  const more = document.querySelector(".more");
  let limit = step;
  const show = () => {
    const { words, ...wanted } = Object.fromEntries(new FormData(form));
    const matching = failures.filter((one) =>
      Object.entries(wanted).every(([key, value]) => !value || one.dataset[key] === value) &&
      one.textContent.toLowerCase().includes(words.toLowerCase()));
    const shown = new Set(matching.slice(0, limit));
    for (const one of failures) one.hidden = !shown.has(one);
    more.hidden = matching.length <= limit;
    form.querySelector("output").textContent = `${matching.length} of ${failures.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", () => { limit = step; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += step; show(); });
  show();
}
