// A cell, line by line: what is known stands there, what is computed now is lit, what comes later is pale.

const moments = data;
const lines = [...new Set(moments.map((moment) => moment.name))];
let playing = null;

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

function pause() {
  clearInterval(playing);
  playing = null;
  $("play").textContent = "Play";
}

function play() {
  if (playing) return pause();
  if (Number($("moment").value) === moments.length - 1) setMoment(0);
  $("play").textContent = "Pause";
  playing = setInterval(() => {
    setMoment(Number($("moment").value) + 1);
    if (Number($("moment").value) === moments.length - 1) pause();
  }, 1400);
}

$("play").addEventListener("click", play);
$("moment").addEventListener("input", () => { pause(); setMoment(Number($("moment").value)); });
$("back").addEventListener("click", () => { pause(); setMoment(Number($("moment").value) - 1); });
$("next").addEventListener("click", () => { pause(); setMoment(Number($("moment").value) + 1); });
setMoment(0);
