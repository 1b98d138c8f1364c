// What every page uses. Nothing here reads the network; all text goes in as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;

const $ = (id) => document.getElementById(id);

function element(tag, attributes = {}, text = "", parent = null, space = "http://www.w3.org/1999/xhtml") {
  const made = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== "") made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

const drawn = (tag, attributes, parent, text = "") =>
  element(tag, attributes, text, parent, "http://www.w3.org/2000/svg");
