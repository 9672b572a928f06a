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
import { startKeyboard } from "./app/keyboard";
import { startBest } from "./state/best";
import { startCatalog } from "./state/catalog";
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

async function start(): Promise<void> {
  startTheme();
  const address = await ownAddress(location.pathname);
  if (address) history.replaceState(null, "", address + location.search);
  startRouting();
  startCatalog();
  startMetrics();
  startClock();
  startBest();
  startSaved();
  startPanels();
  startLive();
  startNotices();
  startTitle();
  startTabIcon();
  startKeyboard();
  render(<App />, document.getElementById("app") as HTMLElement);
}

void start();
