// The page of an exported folder: the dashboard itself, answered by the data beside it.

import "./before";
import "../main";
