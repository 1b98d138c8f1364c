// A cell, line by line: what is known stands there, what is computed now is lit, what comes later is pale.

const moments = data;
const lines = [...new Set(moments.map((moment) => moment.name))];

function setMoment(i) {
  const at = Math.min(moments.length - 1, Math.max(0, i));
  const moment = moments[at];
  const reached = lines.indexOf(moment.name);
  $("moment").value = at;
  $("meaning").textContent = `Step t = ${moment.t}: ${moment.name}, ${moment.meaning}`;
  $("moment").setAttribute("aria-valuetext", $("meaning").textContent);
  $("equation").textContent = `${moment.name} = ${moment.equation}`;
  $("numbers").textContent = `${" ".repeat(moment.name.length)} = ${moment.numbers}`;
  for (const part of document.querySelectorAll("[data-of]")) {
    const line = lines.indexOf(part.dataset.of); // -1: what comes in
    part.classList.toggle("now", line === reached);
    part.classList.toggle("later", line > reached);
  }
  for (const number of document.querySelectorAll("[data-value]")) {
    const name = number.dataset.value;
    number.textContent = lines.indexOf(name) > reached ? "" : moment.values[name].toFixed(3);
  }
}

const standing = () => Number($("moment").value);

startPlaying({ at: standing, end: () => moments.length - 1, go: setMoment, pace: () => 1400 });
$("moment").addEventListener("input", () => { pause(); setMoment(standing()); });
$("back").addEventListener("click", () => { pause(); setMoment(standing() - 1); });
$("next").addEventListener("click", () => { pause(); setMoment(standing() + 1); });
setMoment(0);
