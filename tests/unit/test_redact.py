"""Secrets are masked, all of them and nothing else."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluto.redact import MASK, Redactor
from pluto.sanitize import SecretSanitizer
from pluto.server.keys import generate_key

# Built from pieces, so that no scanner of repositories takes this file for a leak.
JWT = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', b"\x93" * 32)
)
LETTERS = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYzAbCdEfGh"
AWS_SECRET = "wJalrXUtnFEMI" + "/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
HEX = hashlib.sha1(b"x").hexdigest()
BODY = base64.b64encode(bytes(range(256)) * 3).decode()

KEYS = {
    "jwt": JWT,
    "aws id": "AKIA" + "IOSFODNN7EXAMPLE",
    "aws session id": "ASIA" + "IOSFODNN7EXAMPLE",
    "aws secret": AWS_SECRET,
    "google api": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "google oauth": "ya29." + "a0AfH6SMBx1234567890abcdef",
    "google client": "GOCSPX-" + "1234567890abcdefABCDEF123456",
    "azure client": "abc8Q~" + LETTERS[:34],
    "hugging face": "hf_" + LETTERS[:34],
    "hugging face, lower case": "hf_" + "abcdefghijklmnopqrstuvwx",
    "openai": "sk-" + LETTERS,
    "openai project": "sk-proj-" + LETTERS + "_" + LETTERS,
    "anthropic": "sk-ant-api03-" + LETTERS,
    "stripe live": "sk_live_" + LETTERS[:24],
    "stripe test": "sk_test_" + LETTERS[:24],
    "github": "ghp_" + LETTERS[:36],
    "github oauth": "gho_" + LETTERS[:36],
    "github server": "ghs_" + LETTERS[:36],
    "github fine-grained": "github_pat_" + LETTERS + "_" + LETTERS,
    "gitlab": "glpat-" + LETTERS[:20],
    "slack bot": "xoxb-" + "123456789012-123456789012-" + LETTERS[:24],
    "slack user": "xoxp-" + "123456789012-" + LETTERS[:24],
    "pluto": "mlpi_" + "0123456789abcdef",
    "pluto, secure": "mlps_" + "A1_-b2C3d4E5f6G7h8J9k0Lm",
    "pluto, of its own server": generate_key(),
    "pypi": "pypi-" + "AgEIcHlwaS5vcmcCJ" + LETTERS,
    "npm": "npm_" + LETTERS[:36],
    "databricks": "dapi" + hashlib.md5(b"databricks").hexdigest(),
    "hugging face organisation": "api_org_" + LETTERS[:34],
    "gitlab ci job": "glcbt-" + LETTERS[:20],
    "xai": "xai-" + LETTERS + LETTERS,
    "perplexity": "pplx-" + LETTERS,
    "sendgrid": "SG." + LETTERS[:22] + "." + LETTERS,
    "telegram": "123456789:" + "AA" + LETTERS[:33],
    "google refresh": "1//0" + LETTERS,
}

PLACES = [
    "{}",
    "using {} now",
    "key={}",
    "'{}'",
    '{{"value": "{}"}}',
    "[2026-01-01 00:00:00] INFO {}",
    "https://example.com/?q={}&page=2",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_masked_wherever_it_stands(kind: str, place: str) -> None:
    redactor = Redactor()
    masked = redactor.text(place.format(KEYS[kind]))
    assert KEYS[kind] not in masked
    assert KEYS[kind][-10:] not in masked
    assert MASK in masked
    assert redactor.masked >= 1


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password=hunter2", MASK),
        ("PASSWORD: hunter2", MASK),
        ("password = 'with spaces inside' # x", f"{MASK} # x"),
        ('{"api_key": "abc", "lr": 0.1}', f'{{{MASK}, "lr": 0.1}}'),
        ("export DB_PASSWORD=abc; run", f"export {MASK}; run"),
        ("api-key: 12", MASK),
        ("client_secret=x y", f"{MASK} y"),
        ("clientSecret: x", MASK),
        ("access_token=1234567890", MASK),
        ("token=abc123def", MASK),
        ("hf_token: abcdef123456", MASK),
        (f"WANDB_API_KEY={hashlib.sha1(b'x').hexdigest()}", MASK),
        (f"WANDB_KEY={HEX}", MASK),
        (f"wandb login {HEX}", f"wandb login {MASK}"),
        (f"$ wandb login --relogin {HEX}", f"$ wandb login --relogin {MASK}"),
        (f"wandb.login(key='{HEX}')", f"wandb.login(key='{MASK}')"),
        (f"https://discord.com/api/webhooks/1/{LETTERS}x", f"https://discord.com/api/webhooks/{MASK}"),
        (f"AWS_SECRET_ACCESS_KEY={AWS_SECRET}", MASK),
        ("A=me;AccountKey=aBcDeFgHiJkLmNoPqRsT12==;x", f"A=me;AccountKey={MASK};x"),
        ("https://x.blob.core.windows.net/c?sv=2&sig=aBc%2BdeFgHiJkLmNoPq", None),
        ("postgres://me:p@ss:w0rd@db.example.com:5432/x", f"postgres://me:{MASK}@db.example.com:5432/x"),
        ("redis://:secret9@localhost:6379/0", f"redis://:{MASK}@localhost:6379/0"),
        (f"git clone https://{LETTERS[:24]}@example.com/x.git", f"git clone https://{MASK}@example.com/x.git"),
        ("Authorization: Bearer abc.def-ghi", f"Authorization: Bearer {MASK}"),
        ("authorization=Basic dXNlcjpwYXNz", f"authorization=Basic {MASK}"),
        ("sent Basic dXNlcjpwYXNz today", f"sent Basic {MASK} today"),
        ("with Bearer a1b2c3d4e5", f"with Bearer {MASK}"),
        ("machine x.com login me password hunter2", f"machine x.com login me password {MASK}"),
        ("train.py --api-key abc --lr 0.1", f"train.py --api-key {MASK} --lr 0.1"),
        ("train.py --hf-token=abc123xyz --lr 0.1", f"train.py {MASK} --lr 0.1"),
    ],
)  # fmt: skip
def test_a_value_is_masked_because_of_where_it_stands(text: str, masked: str | None) -> None:
    found = Redactor().text(text)
    assert MASK in found
    if masked is not None:
        assert found.replace("--" + MASK, MASK) == masked.replace("--" + MASK, MASK)


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3/10 step 1200 loss 0.2513 acc 0.913 lr 3.0e-4",
        "Loss per token: 2.31",
        "loss_per_token: 2.31, tokens: 123456",
        "max_token=512",
        "max_new_tokens=512 pad_token=<pad> eos_token='</s>' mask_token: [MASK]",
        "pad_token_id: 50256, token_type_ids=None",
        "token: 17",
        "token=42",
        "next token: hello",
        "special token: extraordinarily",
        "tokenizer = AutoTokenizer.from_pretrained('gpt2')",
        "Basic training started",
        "Basic authentication",
        "bearer of good news",
        "Bearer authentication is off",
        "the secret of success, and a password",
        "password: None",
        "api_key=null, secret=false",
        "=" * 40,
        "-" * 80,
        "commit " + hashlib.sha1(b"commit").hexdigest(),
        "sha256:" + hashlib.sha256(b"blob").hexdigest(),
        "md5 = " + hashlib.md5(b"blob").hexdigest(),
        "id=" + hashlib.sha1(b"id").hexdigest(),
        "run 123e4567-e89b-12d3-a456-426614174000",
        "/home/user/projects/Deep-Learning/checkpoints/epoch_0100/Model_Weights_Final.safetensors",
        "data/train/images/classA/batch01/img00001",
        "C4Dataset/TrainSplit/Shard00017/Part000123",
        "hf_transformers hf_checkpoint hf_dataset_name npm_config_cache",
        "sk-learn is-not-a-key task-specific-hyperparameters-1234567890",
        "pypi-like index",
        "asiatic AKIA ASIA",
        "RandomForestClassifier(max_features='sqrt', n_estimators=100, random_state=0)",
        "GridSearchCV(key=None, params={'C': [1, 10]})",
        "2026-01-01T12:00:00.123456Z INFO 100%|##########| 1875/1875 [00:12<00:00, 152.1it/s]",
        "http://localhost:8080/path/user@example.com",
        "see https://example.com/a?b=c#d and mail me@example.com",
        "ssh://git@github.com/owner/name.git",
        "primary_key=id keyboard=us monkey: 3",
        "keys: ['train/loss', 'train/acc']",
        "lr=0.0003 betas=(0.9, 0.999) eps=1e-08 weight_decay=0.01",
        "--max-token 512 --pad-token <pad> --tokenizer gpt2",
        "Number of tokens: 1,234,567,890 (12.3 tokens/s)",
        "+    api_key = os.environ['OPENAI_API_KEY']",
        "+    password = getpass.getpass()",
        "+    api_token: str",
        "+    def login(self, api_key: str | None = None, token: Optional[str] = None):",
        "+    image_break_token = tokenizer.image_break_token",
        "+    client = Client(api_key=args.api_key, secret_key=config.secret_key)",
        "+    question_token=question_token",
        "Blip2ForConditionalGenerationModelOutput",
        "PPOCRV5ServerRecForTextRecognitionOutput",
        "wandb: run " + hashlib.sha1(b"wandb").hexdigest(),
        "",
    ],
)
def test_an_ordinary_line_is_left_alone(line: str) -> None:
    redactor = Redactor()
    assert redactor.text(line) == line
    assert redactor.lines().line(line) == line
    assert redactor.masked == 0


PEM = [
    "-----BEGIN RSA PRIVATE KEY-----",
    *[BODY[start : start + 64] for start in range(0, len(BODY), 64)],
    "Qg==",
    "-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\\n", "\n+", "\n    "])
def test_the_body_of_a_private_key_is_masked_in_one_text(separator: str) -> None:
    masked = Redactor().text("before " + separator.join(PEM) + " after")
    assert masked == f"before {MASK} after"


def test_the_body_of_a_private_key_is_masked_even_without_its_end() -> None:
    masked = Redactor().text("\n".join(PEM[:5]) + "\nloss 0.25")
    assert masked == f"{MASK}\nloss 0.25"


def test_a_private_key_is_masked_line_by_line_and_the_lines_after_it_are_not() -> None:
    lines = Redactor().lines()
    printed = ["loss 0.5", *PEM, "loss 0.25"]
    assert [lines.line(line) for line in printed] == [
        "loss 0.5",
        *[MASK] * len(PEM),
        "loss 0.25",
    ]


def test_a_private_key_that_breaks_off_does_not_swallow_the_training() -> None:
    lines = Redactor().lines()
    assert [lines.line(line) for line in [*PEM[:3], "epoch 1: loss 0.25", "lr 0.1"]] == [
        *[MASK] * 3,
        "epoch 1: loss 0.25",
        "lr 0.1",
    ]


def test_nested_values_are_masked_by_their_names() -> None:
    redactor = Redactor()
    config = {
        "model": {"name": "gpt2", "pad_token": "<pad>", "max_token": 512, "use_auth": True},
        "db": {"password": "x", "port": 5432, "secret": None},
        "tokens": ["a", "b"],
        "hub_token": "abc",
        "steps": (1, 2),
        "note": f"Bearer {JWT}",
    }
    assert redactor.value(config) == {
        "model": {"name": "gpt2", "pad_token": "<pad>", "max_token": 512, "use_auth": True},
        "db": {"password": MASK, "port": 5432, "secret": None},
        "tokens": ["a", "b"],
        "hub_token": MASK,
        "steps": (1, 2),
        "note": f"Bearer {MASK}",
    }
    assert redactor.masked == 3


def test_a_command_line_is_masked_after_its_flags() -> None:
    argv = ["train.py", "--api-key", "abc", "--token=abcdef12", "--lr", "0.1", "--max-token", "512"]
    masked = Redactor().value(argv)
    assert masked[:3] == ["train.py", "--api-key", MASK]
    assert "abcdef12" not in masked[3]
    assert masked[4:] == argv[4:]


def test_a_value_that_contains_itself_does_not_hang() -> None:
    loop: list[object] = ["password=hunter2"]
    loop.append(loop)
    assert Redactor().value(loop)[0] == MASK


def test_a_redactor_that_is_off_changes_nothing() -> None:
    redactor = Redactor(enabled=False)
    for secret in KEYS.values():
        assert redactor.text(secret) == secret
        assert redactor.value({"password": secret}) == {"password": secret}
        assert redactor.lines().line(secret) == secret
    assert redactor.masked == 0


def test_a_megabyte_without_a_space_is_masked_in_bounded_time() -> None:
    for piece in (
        "a",
        "password",
        "://a:b",
        "eyJ.",
        "-----BEGIN PRIVATE KEY-----",
        "token=",
        "A1b/",
    ):
        text = piece * (1_000_000 // len(piece))
        assert len(Redactor().text(text)) <= 4 * len(text)


def test_existing_scripts_find_the_sanitizer_under_its_old_name() -> None:
    assert SecretSanitizer().sanitize("password=hunter2") == MASK
    assert SecretSanitizer().sanitize("Loss per token: 2.31") == "Loss per token: 2.31"


PIECES = st.sampled_from(
    [
        *KEYS.values(),
        *["password", "token", "api_key", "secret", "Bearer", "Basic", "--api-key", "://", "user"],
        *["=", ":", "@", " ", "'", '"', "/", "-", "\n", "\\n", "***", MASK, "None", "max_", "12.5"],
        *["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "authorization", "login"],
    ]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5))).map("".join))


@given(TEXTS)
def test_redaction_never_raises_and_a_second_time_changes_nothing(text: str) -> None:
    redactor = Redactor()
    once = redactor.text(text)
    assert redactor.text(once) == once


@given(st.sampled_from(sorted(KEYS)), st.text(), st.text())
def test_a_key_between_spaces_never_survives(kind: str, before: str, after: str) -> None:
    assert KEYS[kind] not in Redactor().text(f"{before} {KEYS[kind]} {after}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
        lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
        max_leaves=10,
    )
)
def test_a_redacted_value_keeps_its_shape(value: object) -> None:
    redacted = Redactor().value(value)
    assert type(redacted) is type(value)
    json.dumps(redacted)
    if isinstance(value, list):
        assert isinstance(redacted, list)
        assert len(redacted) == len(value)
    if isinstance(value, dict):
        assert isinstance(redacted, dict)
        assert redacted.keys() == value.keys()


def test_a_secret_is_counted_once_wherever_and_however_often_it_stands() -> None:
    redactor = Redactor()
    key = KEYS["openai"]
    for text in (f"key={key}", f"export OPENAI_API_KEY={key}", f"api_key: '{key}'", key, key):
        assert key not in redactor.text(text)
    redactor.value({"api_key": key, "argv": ["--api-key", key]})
    assert redactor.masked == 1
    redactor.text("password=hunter2")
    assert redactor.masked == 2
