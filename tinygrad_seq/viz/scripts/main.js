startGraph();
startScrubber();
startParameters();
startSort();
startCredit();
startWindows();
startPrinting();
redraw();
setMoment(view.moment);

// For tests and for the curious: what the page shows right now.
window.tinygradSeq = {
  data,
  view,
  gradient(name) {
    const parameter = data.parameters.find((p) => data.places[p.place].name === name);
    const k = frameOf(parameter);
    if (k < 0) return [];
    if (k === parameter.frames.length - 1) return Array.from(parameter.matrices.last);
    return Array.from(parameter.matrices.shares(k), (share) => share * parameter.matrix.largest);
  },
};
