// A drawing of the page as a file of its own: SVG, or the same in pixels.

import { token } from "../state/theme";

const SVG = "http://www.w3.org/2000/svg";
const HEADER = 28;
/** Pixels of the picture for one of the drawing. */
const SCALE = 2;

/** The drawing below its title on the background of the page, as text. */
export function pictureOf(element: SVGElement, title: string): string {
  const width = Number(element.getAttribute("width"));
  const height = Number(element.getAttribute("height")) + HEADER;
  const picture = made("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "system-ui, sans-serif" });
  const heading = made("text", { x: 12, y: 19, "font-size": 13, "font-weight": 600, fill: token("--text") });
  heading.textContent = title;
  const drawing = element.cloneNode(true) as SVGElement;
  drawing.setAttribute("y", String(HEADER));
  picture.append(made("rect", { width: "100%", height: "100%", fill: token("--surface") }), heading, drawing);
  return new XMLSerializer().serializeToString(picture);
}

function made(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== "xmlns") element.setAttribute(key, String(value));
  }
  return element;
}

/** An SVG as a PNG. */
export async function rasterOf(picture: string): Promise<Blob | null> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * SCALE;
  canvas.height = image.height * SCALE;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
