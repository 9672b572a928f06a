// Logged documents: HTML shut off from all else, JSON as the figure or the points that it is.

import { fetchText } from "../api/http";
import type { FileRow } from "../api/types";
import { exportedAt } from "../parts/exported";
import { ErrorPanel, Skeleton } from "../parts/states";
import { SourceSwitch } from "../run/SourceSwitch";
import { Text } from "../run/TextShown";
import { useFetched } from "../run/useFetched";
import "../style/media.css";
import { FigureView } from "./FigureView";
import { asFigure, asPoints } from "./kinds";
import { Points } from "./Points";

/**
 * Its scripts run, but in an origin of their own and without the network: the sandbox and the policy that the server
 * sends see to it, each by itself. A folder has no server, so there they are off.
 */
export function HtmlShown({ file }: { file: FileRow }) {
  const title = file.caption ?? `${file.name} at step ${file.step}`;
  const alone = exportedAt !== null;
  return (
    <div class="html-shown">
      <iframe sandbox={alone ? "" : "allow-scripts"} src={alone ? file.url : inFrame(file.url)} title={title} loading="lazy" referrerpolicy="no-referrer" />
      <p class="muted">
        {alone ? "Scripts are off." : "Shut off from the network and from this page."}{" "}
        <a class="link" href={file.url} download={file.fileName}>
          Download
        </a>
      </p>
    </div>
  );
}

function inFrame(address: string): string {
  const url = new URL(address, location.href);
  url.searchParams.set("scripts", "1");
  return url.href;
}

export function JsonShown({ file }: { file: FileRow }) {
  const { data, error, retry } = useFetched(() => fetchText(file.url), [file.url]);
  if (error) return <ErrorPanel error={error} retry={retry} />;
  if (data === null) return <Skeleton rows={4} label={`Loading ${file.name}`} />;
  const value = readJson(data);
  return drawingOf(value, file) ?? <Text text={value === undefined ? data : JSON.stringify(value, null, 2)} />;
}

/** Among the files: a figure or points with a way to their source, and any other JSON as it is written. */
export function JsonPreview({ file }: { file: FileRow }) {
  const { data, error, retry } = useFetched(() => fetchText(file.url), [file.url]);
  if (error) return <ErrorPanel error={error} retry={retry} />;
  if (data === null) return <Skeleton rows={4} label={`Loading ${file.name}`} />;
  const drawing = drawingOf(readJson(data), file);
  return drawing ? <SourceSwitch file={file} shown="Drawing" view={drawing} /> : <Text text={data} />;
}

function drawingOf(value: unknown, file: FileRow) {
  const label = file.caption ?? file.name;
  const points = asPoints(value);
  if (points) return <Points points={points} label={label} />;
  const figure = asFigure(value);
  return figure ? <FigureView figure={figure} label={label} /> : null;
}

/** The value of a JSON text; undefined for what is none, such as one with bare NaN. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
