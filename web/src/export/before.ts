// What has to be so before the page of an exported folder starts: its data answer its requests.

import { answerWith } from "../api/http";
import { answer } from "./answers";
import { receive } from "./chunks";

const early = (window as unknown as { plutoEarly?: Record<string, unknown>[] }).plutoEarly;

receive(early ?? []);
const start = (early ?? []).map((values) => values.start).find((value) => typeof value === "string");
if (!location.hash && start !== undefined) history.replaceState(null, "", `#${String(start)}`);
answerWith(answer);
