// A drawing of the page as a file of its own.

import { token } from "../state/theme";

/** The SVG with its background, as text. */
export function pictureOf(element: SVGElement): string {
  const copy = element.cloneNode(true) as SVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["width", "100%"], ["height", "100%"], ["fill", token("--surface")]] as const) {
    ground.setAttribute(name, value);
  }
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}
