// A logged text, as far as one reads it.

import { fetchText } from "../api/http";
import type { FileRow } from "../api/types";
import { ErrorPanel, Skeleton } from "../parts/states";
import { useFetched } from "./useFetched";

/** Text beyond this is cut: nobody reads it in a preview. */
const TEXT_LIMIT = 200_000;

export function TextShown({ file }: { file: FileRow }) {
  const { data, error, retry } = useFetched(() => fetchText(file.url), [file.url]);
  if (error) return <ErrorPanel error={error} retry={retry} />;
  if (data === null) return <Skeleton rows={4} label="Loading the text" />;
  return <Text text={data} />;
}

export function Text({ text }: { text: string }) {
  const cut = text.length > TEXT_LIMIT;
  return <pre class="text-shown">{cut ? `${text.slice(0, TEXT_LIMIT)}\n… cut here; download the file for the rest` : text}</pre>;
}
