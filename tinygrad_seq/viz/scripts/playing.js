// Play and pause, for whatever a reader can go through, moment by moment.

let playing = null;

function pause() {
  clearInterval(playing);
  playing = null;
  $("play").textContent = "Play";
}

// `at` says where one stands and `end` where it ends, `go` goes to a moment; at the end Play begins anew.
function startPlaying({ at, end, go, pace }) {
  $("play").addEventListener("click", () => {
    if (playing) return pause();
    if (at() === end()) go(0);
    $("play").textContent = "Pause";
    playing = setInterval(() => {
      go(at() + 1);
      if (at() === end()) pause();
    }, pace());
  });
}
