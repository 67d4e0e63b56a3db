const form = document.querySelector(".filter");
if (form) {
  const failures = [...document.querySelectorAll(".failure")];
  const show = () => {
    const { words, ...wanted } = Object.fromEntries(new FormData(form));
    let count = 0;
    for (const one of failures) {
      const right = Object.entries(wanted).every(([key, value]) => !value || one.dataset[key] === value);
      one.hidden = !right || !one.textContent.toLowerCase().includes(words.toLowerCase());
      count += !one.hidden;
    }
    form.querySelector("output").textContent = `${count} of ${failures.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
