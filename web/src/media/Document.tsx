// Logged documents: HTML shut off from all else, JSON as the figure or the points that it is.

import type { FileRow } from "../api/types";
import { exportedAt } from "../parts/exported";
import { ErrorPanel, Skeleton } from "../parts/states";
import { readText } from "../run/Preview";
import { useFetched } from "../run/useFetched";
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

const WHOLE = 30_000_000;

export function JsonShown({ file }: { file: FileRow }) {
  const { data, error, retry } = useFetched(() => readJson(file.url), [file.url]);
  if (error) return <ErrorPanel error={error} retry={retry} />;
  if (!data) return <Skeleton rows={4} label={`Loading ${file.name}`} />;
  const points = asPoints(data.value);
  if (points) return <Points points={points} label={file.caption ?? file.name} />;
  const figure = asFigure(data.value);
  if (figure) return <FigureView figure={figure} label={file.caption ?? file.name} />;
  return <pre class="text-shown">{JSON.stringify(data.value, null, 2)}</pre>;
}

async function readJson(url: string): Promise<{ value: unknown }> {
  return { value: JSON.parse(await readText(url, WHOLE)) };
}
