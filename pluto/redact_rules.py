"""The table of what a secret looks like."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MASK: Final = "***REDACTED***"

LONG_WORD: Final = 40  # characters of an AWS secret access key, which has no other mark

# The body of the many kinds of key that are a word, a dash or underscore, and the key.
_PREFIXED: Final = re.compile(r"[_-][A-Za-z0-9]{6}")

_WORD: Final = re.compile(r"[A-Z][a-z]{2,}|[a-z]{4,}")

Mask = Callable[[re.Match[str]], str]


@dataclass(frozen=True, eq=False)
class Rule:
    """One kind of secret.

    Attributes:
        triggers: lower-case substrings, one of which every match contains; none at all means
            that every match contains a word of at least 40 characters.
        pattern: where the secret is.
        mask: returns what stands in place of a match; the match itself if it is none.
        hint: found, quickly, wherever `pattern` is.
    """

    triggers: tuple[str, ...]
    pattern: re.Pattern[str]
    mask: Mask
    hint: re.Pattern[str] | None = None


def may_hold_secret(text: str) -> bool:
    """Return whether any rule can match; False for most lines, in about a microsecond.

    Written out, not as a loop over the triggers, because it runs for every line of the console.
    """
    lower = text.lower()
    return (
        "key" in lower
        or "token" in lower
        or "pass" in lower
        or "secret" in lower
        or "://" in lower
        or "basic" in lower
        or "bearer" in lower
        or "credential" in lower
        or "IA" in text
        or "eyJ" in text
        or "Iza" in text
        or "ya29" in text
        or "Q~" in text
        or "dapi" in text
        or "SG." in text
        or "1//0" in text
        or ":AA" in text
        or _PREFIXED.search(text) is not None
        or has_long_word(text)
    )


def has_long_word(text: str) -> bool:
    """Return whether `text` has 40 characters without a space between them."""
    start, end = 0, len(text) - LONG_WORD
    while start <= end:
        space = text.rfind(" ", start, start + LONG_WORD)
        if space < 0:
            return True
        start = space + 1
    return False


def _whole(_match: re.Match[str]) -> str:
    return MASK


def _group(match: re.Match[str]) -> str:
    """Mask the group `secret` only."""
    start, end = match.start("secret") - match.start(), match.end("secret") - match.start()
    return f"{match[0][:start]}{MASK}{match[0][end:]}"


def _if(looks_secret: Callable[[str], bool], mask: Mask = _whole) -> Mask:
    def check(match: re.Match[str]) -> str:
        return mask(match) if looks_secret(match["secret"]) else match[0]

    return check


def _is_mixed(text: str) -> bool:
    """Tell a key from a hyphenated word: keys have digits or capitals, or are long and unbroken."""
    return bool(re.search(r"[0-9A-Z]", text)) or bool(re.fullmatch(r"[a-z]{20,}", text))


def _is_random(text: str) -> bool:
    """Tell 40 random characters from a hash, a path, a name: the kind changes often, no words."""
    if sum(map(len, _WORD.findall(text))) > len(text) / 2:  # ThisIsANameAndNoKey
        return False
    kinds = [0 if c.islower() else 1 if c.isupper() else 2 if c.isdigit() else 3 for c in text]
    changes = sum(a != b for a, b in pairwise(kinds))
    return {0, 1, 2} <= set(kinds) and changes >= 12


def _is_basic(text: str) -> bool:
    """`Basic` is followed by the base64 of `user:password` (RFC 7617)."""
    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_bearer(text: str) -> bool:
    return len(text) >= 20 or bool(re.search(r"\d", text))


# --- assignments ------------------------------------------------------------------------------

# Names under which a value is secret whatever it looks like.
_NAMES = (
    r"pass(?:word|wd|phrase)|secret|credential"
    r"|(?:api|access|account|auth|encryption|master|private|secret|service|signing)[_-]?key"
    r"|(?:anthropic|azure|comet|databricks|hf|neptune|openai|pluto|wandb)[_-]?key"
    r"|(?:access|auth|api|bearer|identity|id|refresh|security|session)[_-]?token"
)
# Before these, a "token" is what a language model reads.
_MODEL_TOKEN = re.compile(
    r"(?:^|[^a-z])(?:additional_special|audio|bos|cls|decoder_start|end|eos|eot|first|forced|image"
    r"|last|mask|max|min|new|next|num|number_of|pad|padding|per|prompt|sep|special|start|stop|tok"
    r"|unk|unknown|video)[\s_-]*tokens?$",
    re.IGNORECASE,
)
_NAME_END = re.compile(rf"(?:{_NAMES}|secret[_-]?access[_-]?key)$", re.IGNORECASE)
_TOKEN_END = re.compile(r"(?:^|[^a-z]|[a-z](?=T))token$", re.IGNORECASE)
_NOTHING = re.compile(
    r"(?:none|null|true|false|undefined|nan|yes|no|on|off|\*{3}.*)?", re.IGNORECASE
)
_VALUE = r"""(?P<quote>["'])(?P<quoted>(?:(?!(?P=quote))[^\\\n]|\\.)*)(?P=quote)|[^\s"',;&)}\]]+"""


# What stands for a secret in a program: `str`, `os.environ[`, `getpass(`, `args.api_key`.
_CODE = re.compile(
    r"(?:str|bytes|int|bool|Any|Optional|Callable|SecretStr|object)\b(?!\S)"
    r"|[A-Za-z_][\w.]*[(\[].*"
    r"|(?:[A-Za-z_]\w*\.)+[A-Za-z_]*(?:token|key|secret|passw|credential)[a-z_]*",
    re.IGNORECASE,
)


def _is_code(name: str, value: str) -> bool:
    """Tell what a program says about a secret from the secret."""
    return value == name or _CODE.fullmatch(value) is not None


def _is_nothing(value: str) -> bool:
    return _NOTHING.fullmatch(value.strip("\"'")) is not None


def _is_tokenish(value: str) -> bool:
    """Tell a credential from a word, a number or a `<pad>`: letters and digits, or great length."""
    value = value.strip("\"'")
    if not re.fullmatch(r"[\w.~+/=:-]{6,}", value) or re.fullmatch(r"[\d.,eE+-]+", value):
        return False
    return len(value) >= 20 or bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


def is_secret_name(name: str, value: str) -> bool:
    """Return whether a text under this name of a mapping is a secret.

    Example:
        >>> is_secret_name("db_password", "x"), is_secret_name("pad_token", "<pad>")
        (True, False)
    """
    if _is_nothing(value):
        return False
    if _NAME_END.search(name):
        return True
    if not _TOKEN_END.search(name) or _MODEL_TOKEN.search(name):
        return False
    return not re.fullmatch(r"[\d.,eE+-]+|[<\[].*[>\]]", value)


def is_flag_of_secret(flag: object, value: str) -> bool:
    """Return whether `value` follows a command-line flag such as `--api-key`."""
    if not isinstance(flag, str) or not flag.startswith("-") or "=" in flag:
        return False
    return not value.startswith("-") and is_secret_name(flag.lstrip("-"), value)


def _mask_assignment(match: re.Match[str]) -> str:
    value = match["value"]
    return match[0] if _is_nothing(value) or _is_code(match["name"], value) else MASK


def _mask_token(match: re.Match[str]) -> str:
    """`token` is a credential and a unit of language: the value has to decide."""
    before = match.string[max(0, match.start() - 24) : match.start()] + match["name"]
    value = match["value"]
    if _MODEL_TOKEN.search(before) or _is_nothing(value) or _is_code(match["name"], value):
        return match[0]
    given = match["sign"] == "=" and re.fullmatch(r"[\w.~+/-]{6,}", value.strip("\"'"))
    numeric = re.fullmatch(r"[\d.,eE+-]+", value)
    return MASK if _is_tokenish(value) or (given and not numeric) else match[0]


def _mask_flag(match: re.Match[str]) -> str:
    return _group(match) if is_flag_of_secret(match["flag"], match["secret"]) else match[0]


def _compiled(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)


_START = r"(?<![A-Za-z0-9_-])"
_END = r"(?![A-Za-z0-9])"

RULES: Final[tuple[Rule, ...]] = (
    Rule(  # a private key: to its end, or as far as its body goes
        ("-----begin",),
        _compiled(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?:(?!-----BEGIN)[\s\S]){0,20000}?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"|(?:(?:\s|\\n|[+|>-])*[A-Za-z0-9+/=]{16,})*)"
        ),
        _whole,
    ),
    Rule(  # JSON Web Token; base64 of a JSON object that is long enough to be a credential
        ("eyj",),
        _compiled(
            r"(?<![A-Za-z0-9])eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){1,3}"
            r"|(?<![A-Za-z0-9])eyJ[A-Za-z0-9+/_-]{60,}={0,2}"
        ),
        _whole,
    ),
    Rule(("akia", "asia"), _compiled(rf"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{{16}}{_END}"), _whole),
    Rule(
        ("aiza", "ya29.", "gocspx-"),
        _compiled(r"(?<![A-Za-z0-9])(?:AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})"),
        _whole,
    ),
    Rule(
        ("accountkey=", "accesskey=", "sig="),
        _compiled(
            r"(?:(?:Account|SharedAccess)Key=|[?&]sig=)(?P<secret>[A-Za-z0-9%+/=]{20,})",
            ignore_case=True,
        ),
        _group,
    ),
    Rule(("8q~", "7q~"), _compiled(r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}"), _whole),
    Rule(
        ("hf_", "npm_", "gsk_", "r8_"),
        _compiled(rf"{_START}(?:hf|npm|gsk|r8)_(?P<secret>[A-Za-z0-9]{{10,}}){_END}"),
        _if(_is_mixed),
    ),
    Rule(  # Databricks, Hugging Face organisations, xAI, Perplexity, SendGrid, Telegram, Google
        ("dapi", "api_org_", "xai-", "pplx-", "sg.", ":aa", "1//0"),
        _compiled(
            rf"{_START}(?:dapi[0-9a-f]{{32}}(?:-\d)?|api_org_[A-Za-z0-9]{{30,}}|xai-[A-Za-z0-9]{{40,}}"
            r"|pplx-[A-Za-z0-9]{32,}|SG\.[\w-]{16,}\.[\w-]{16,}|\d{8,10}:AA[\w-]{33}"
            rf"|1//0[\w-]{{30,}}){_END}"
        ),
        _whole,
    ),
    Rule(  # a key of 40 hexadecimal digits, which is a hash anywhere else
        ("wandb",),
        _compiled(
            rf"(?<=wandb)(?:\.login\(\D{{0,20}}|\s+login\s+(?:\S+\s+)?)"
            rf"(?P<secret>[0-9a-f]{{40}}){_END}",
            ignore_case=True,
        ),
        _group,
    ),
    Rule(("mlpl_", "mlps_", "mlpi_"), _compiled(rf"{_START}mlp[lsi]_[\w-]{{10,}}"), _whole),
    Rule(
        ("sk-", "pypi-"),
        _compiled(rf"{_START}(?:sk-|pypi-)(?P<secret>[\w-]{{20,}})"),
        _if(_is_mixed),
    ),
    Rule(
        ("k_live_", "k_test_"),
        _compiled(rf"{_START}[prs]k_(?:live|test)_[A-Za-z0-9]{{6,}}"),
        _whole,
    ),
    Rule(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        _compiled(r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,})"),
        _whole,
    ),
    Rule(
        ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "glagent-"),
        _compiled(rf"{_START}gl(?:pat|dt|rt|ptt|cbt|soat|ft|agent)-[\w.-]{{10,}}"),
        _whole,
    ),
    Rule(
        ("xox", "xapp-", "hooks.slack.com/", "/api/webhooks/"),
        _compiled(
            rf"{_START}(?:xox[a-z]-|xapp-)[A-Za-z0-9-]{{8,}}"
            r"|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}"
            r"|(?<=/api/webhooks/)\d+/[\w-]{40,}"
        ),
        _whole,
    ),
    Rule(  # user information of a URL; a port before a path that has an @ is none
        ("://",),
        _compiled(
            r"://[^\s:@/?#\"'<>]*:(?!\d{1,5}[/?#])(?!\*{3}REDACTED\*{3}@)"
            r"(?P<secret>[^\s\"'<>]{1,512})@(?=[\w\[.-])"
        ),
        _group,
    ),
    Rule(("://",), _compiled(r"://(?P<secret>[\w-]{20,})@(?=[\w\[.-])"), _if(_is_mixed, _group)),
    Rule(
        ("authorization",),
        _compiled(
            r"authorization[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer|token|key)\s+)"
            r"(?P<secret>[\w.~+/=:-]{4,})",
            ignore_case=True,
        ),
        _group,
    ),
    Rule(
        ("bearer",),
        _compiled(r"\bbearer\s+(?P<secret>[\w.~+/=-]{8,})", ignore_case=True),
        _if(_is_bearer, _group),
    ),
    Rule(
        ("basic",),
        _compiled(r"\bbasic\s+(?P<secret>[A-Za-z0-9+/]{8,}={0,2})", ignore_case=True),
        _if(_is_basic, _group),
    ),
    Rule(  # a line of ~/.netrc
        ("password",),
        _compiled(r"\blogin\s+\S+\s+password\s+(?!\*{3})(?P<secret>\S+)"),
        _group,
    ),
    Rule(
        ("passw", "passp", "secret", "credential", "key", "token"),
        _compiled(
            rf"[\"']?{_START}(?P<name>[A-Za-z0-9_-]*(?:{_NAMES}))[\"']?\s*[:=]\s*(?P<value>{_VALUE})",
            ignore_case=True,
        ),
        _mask_assignment,
        hint=_compiled(
            r"(?:wor?d|phrase|secret|credential|key|token)[\"']?\s*[:=]", ignore_case=True
        ),
    ),
    Rule(
        ("token",),
        _compiled(
            rf"[\"']?{_START}(?P<name>(?:[A-Za-z0-9_-]*[_-])?token)[\"']?\s*(?P<sign>[:=])\s*"
            rf"(?P<value>{_VALUE})",
            ignore_case=True,
        ),
        _mask_token,
        hint=_compiled(r"token[\"']?\s*[:=]", ignore_case=True),
    ),
    Rule(
        ("--",),
        _compiled(r"(?<!\S)(?P<flag>--?[A-Za-z][\w-]*)\s+(?P<secret>[^\s\"']+)"),
        _mask_flag,
    ),
    Rule(  # an AWS secret access key has no prefix
        (),
        _compiled(
            r"(?<![A-Za-z0-9/+=_.-])(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_.-])"
            r"|(?<=[=:])(?P<assigned>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_.-])"
        ),
        lambda match: MASK if _is_random(match["secret"] or match["assigned"]) else match[0],
    ),
)
