startGraph();
startScrubber();
startParameters();
startSort();
startCredit();
startWindows();
redraw();
setMoment(view.moment);

// For tests and for the curious: what the page shows right now.
window.tinygradSeq = { data, view, gradient: (name) => Array.from(gradientOf(data.parameters.find((p) => data.places[p.place].name === name))) };
