// Copies Monday's hours to the other days of a calendar's week.
(() => {
  const day = (number) => document.getElementById(`day${number}`);
  for (const button of document.querySelectorAll("[data-copy-monday]")) {
    button.addEventListener("click", () => {
      const last = Number(button.dataset.copyMonday);
      for (let number = 2; number <= last; number += 1) day(number).value = day(1).value;
    });
  }
})();
