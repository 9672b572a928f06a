"""The deprecated name of `pluto`: one warning, then a live view of it.

``mlop.log`` and ``mlop.ops`` are whatever ``pluto.log`` and ``pluto.ops`` are at that moment,
and ``mlop.sets`` is the very module ``pluto.sets``: a script written for mlop runs unchanged.

Example:
    >>> import mlop  # DeprecationWarning: import pluto instead
    >>> import pluto
    >>> mlop.init is pluto.init
    True
"""

import sys
import warnings
from typing import TYPE_CHECKING

from mlop._alias import SubmoduleAliases, View

if TYPE_CHECKING:
    from pluto import *  # noqa: F403

sys.meta_path.insert(0, SubmoduleAliases())
sys.modules[__name__].__class__ = View

warnings.warn(
    "The package 'mlop' is now called 'pluto'. Please replace 'import mlop' by 'import pluto'.",
    DeprecationWarning,
    stacklevel=2,
)
