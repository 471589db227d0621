"""Values that look like secrets, one or more of each kind; none of them opens anything.

They are put together here, so that no scanner of source code takes them for real.
"""

from __future__ import annotations

import base64
import json

from hypothesis import strategies as st


def a_jwt(**header: str) -> str:
    """Return a token with a signature that nobody made."""
    parts = [{"alg": "HS256", "typ": "JWT", **header}, {"sub": "1234567890"}]
    packed = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
    return ".".join([*(part.decode().rstrip("=") for part in packed), "abcDEF_-0123"])


def a_spaced_jwt(space: str) -> str:
    """Return a token whose header has white space before its first member."""
    header = f'{{{space}"alg":{space}"HS256"}}'
    packed = base64.urlsafe_b64encode(header.encode()).decode().rstrip("=")
    return f"{packed}.{a_jwt().partition('.')[2]}"


PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0123456789abcdef+/\n"
    "-----END RSA PRIVATE KEY-----"
)
TOKENS: tuple[tuple[str, str], ...] = (
    ("private-key", PEM),
    (
        "private-key",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\nabc=\n"
        "-----END PGP PRIVATE KEY BLOCK-----",
    ),
    ("private-key", base64.b64encode(PEM.encode()).decode().rstrip("=")),
    ("jwt", a_jwt()),
    ("jwt", a_jwt(kid="7") + ".fourth.fifth"),
    *(
        ("jwt", a_spaced_jwt(space))
        for space in (" ", "  ", "\n", "\n  ", "\n\t", "\r\n")
    ),
    ("aws-key", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("aws-key", "ASIA" + "IOSFODNN7EXAMPLE"),
    ("google-key", "AIza" + "Sy0123456789abcdefghijklmnopqrstu_-"[:35]),
    ("google-key", "GOCSPX-" + "0123456789abcdefghij_-ABCDEF"),
    ("azure-key", "AccountKey=" + "aB3+" * 21 + "aB=="),
    ("azure-key", "SharedAccessKey=" + "aB3+" * 10 + "aBc="),
    ("azure-key", "sv=2024-01-01&se=2027&sig=" + "aB3d" * 10 + "abc%3D"),
    ("github-token", "ghp_" + "a1B2" * 9),
    ("github-token", "github_pat_" + "a1B2c3D4e5F" * 2 + "_" + "x" * 59),
    ("gitlab-token", "glpat-" + "a1B2c3D4e5F6g7H8i9J0"),
    ("slack-token", "xoxb-" + "123456789012-abcdefABCDEF"),
    ("slack-token", "xapp-1-A" + "0123456789-0123456789-abcdef"),
    ("slack-token", "https://hooks.slack.com/services/" + "T0/B0/abcdefghijklmnop"),
    ("stripe-key", "sk_live_" + "a1B2c3D4e5F6g7H8"),
    ("stripe-key", "whsec_" + "a1B2c3D4" * 4),
    ("service-token", "npm_" + "a1B2" * 9),
    ("service-token", "pypi-AgE" + "IcHlwaS5vcmc" * 5),
    ("service-token", "SG." + "a1B2c3D4e5F6g7H8i9J0_-" + "." + "x" * 43),
    ("service-token", "dop_v1_" + "0123456789abcdef" * 4),
    ("service-token", "shpat_" + "0123456789abcdef" * 2),
    ("service-token", "sk-ant-" + "api03-0123456789abcdefghij"),
    ("service-token", "sk-proj-" + "0123456789abcdefghijklmn"),
    ("service-token", "rdme_" + "0123456789abcdefghijklmn"),
    ("bearer-token", "Bearer 0123456789abcdefghij"),
    ("bearer-token", "bearer\tabcdefghijklmnopqrst0~+/=="),
    ("bearer-token", "BEARER 0123456789abcdefghij"),
    ("card-number", "4111111111111111"),
    ("card-number", "4111 1111 1111 1111"),
    ("card-number", "5500-0000-0000-0004"),
    ("card-number", "3782 822463 10005"),
    ("card-number", "30569309025904"),
    ("card-number", "6011000990139424"),
    ("card-number", "3530111333300000"),
    ("card-number", "2221000000000009"),
)
# What is told of by the name beside it alone.
NAMED_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
HARMLESS: tuple[str, ...] = (
    "4111111111111112",  # wrong check digit
    "1234567812345670",  # a check digit, and no issuer
    "0.4111111111111111",
    "4111111111111111.5",
    "d4111111111111111",
    "4111111111111111a",
    "12345678-4111-1111-1111-123456789012",  # a UUID of digits alone
    "41111111-1111-4111-8111-111111111111",
    "4111  1111  1111  1111",
    "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "eyJhbGciOiJub25lIn0",  # one part
    "eyJub3RoaW5nIjoiaGVyZSJ9.e30.x",  # no algorithm
    "eyJ_______.e30.x",  # no JSON
    "AKIA" + "iosfodnn7example",
    "xAKIA" + "IOSFODNN7EXAMPLE",
    "AIzaShort",
    "sig=abc&sv=1&se=2",
    "sig=" + "aB3d" * 11,  # a signature of something else
    "Bearer authentication-required",
    'Bearer realm="owls"',
    "sk_live_short",
    "npm_run_build",
    "LS0tLS1CRUdJTi" + "BDRVJUSUZJQ0FURS0tLS0t" * 3,
    "sha512-" + "A" * 60 + "/" + "AKIA" + "IOSFODNN7EXAMPLE" + "/AAAA==?4242",
    "[REDACTED 16]",
    "[NOT SENT: secret]",
)


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """Text made of pieces of tokens, and of what they may be hidden behind."""
    pieces = [text for _, text in TOKENS]
    pieces += [text[: len(text) // 2] for text in pieces]
    pieces += ["\\u0041", "\\u002d", "%41", "%2D", "%20", "+", " ", "-", "%", "\\", '"']
    pieces += ["é", "\\u00e9", "\n", "\\n", "&", "=", "?", "/", ".", "4", "1111", "eyJ"]
    return "".join(draw(st.lists(st.sampled_from(pieces), max_size=6)))
