// Starts what runs beside the page, then draws it.

import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/runs.css";
import "./style/own.css";
import "./style/charts.css";
import "./style/run.css";
import "./style/panels.css";
import { render } from "preact";
import { App } from "./app/App";
import { fetchNextPages, fetchPage } from "./app/Workspace";
import { startKeyboard } from "./app/keyboard";
import { startAsked } from "./state/asked";
import { startBest } from "./state/best";
import { firstList, startCatalog, startFrame } from "./state/catalog";
import { startLive } from "./state/live";
import { startNotices } from "./state/notices";
import { startTabIcon } from "./state/tabIcon";
import { startTitle } from "./state/title";
import { startMetrics } from "./state/metrics";
import { startClock } from "./state/moment";
import { ownAddress } from "./state/deeplink";
import { startPanels } from "./state/panels";
import { startSaved } from "./state/saved";
import { startRouting } from "./state/route";
import { startTheme } from "./state/theme";

/** So long a page stays empty for its list, in ms, before it says that it is loading. */
const PATIENCE = 100;

/** So long after a page was drawn, in ms, the code of the next one is fetched. */
const IDLE = 500;

async function start(): Promise<void> {
  startTheme();
  const address = await ownAddress(location.pathname);
  if (address) history.replaceState(null, "", address + location.search);
  startRouting();
  startCatalog();
  const asked = startAsked();
  const page = fetchPage();
  startMetrics();
  startClock();
  startBest();
  startSaved();
  startPanels();
  startKeyboard();
  // Most often these are on their way already: with them, the page is drawn once.
  await Promise.race([Promise.all([firstList(), asked, page]), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  render(<App />, document.getElementById("app") as HTMLElement);
  startFrame();
  startLive();
  startNotices();
  startTitle();
  startTabIcon();
  setTimeout(fetchNextPages, IDLE);
}

void start();
