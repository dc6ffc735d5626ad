"""Tokens of another application, right ones and forged ones, made without a line of the server's code (RFC 7515 to 8037)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from pathlib import Path
from typing import Any, Callable

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from house import CANARY

ISSUER, AUDIENCE = "https://app.example", "parley"
SECRET = b"a shared secret of the two servers " + CANARY.encode()


def b64(data: bytes | str | dict[str, Any]) -> str:
    if isinstance(data, dict):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims; None leaves one out. All hold the canary."""
    now = int(time.time())
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": now + 600, "iat": now, "name": "Ann", "jti": CANARY + os.urandom(4).hex()}
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def public_pem(key: Any) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_file(path: Path, data: bytes) -> str:
    """A file as an operator should keep it."""
    path.write_bytes(data)
    path.chmod(0o600)
    return str(path)


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {"kty": "RSA", "kid": kid, "n": b64(numbers.n.to_bytes(size, "big")), "e": b64(numbers.e.to_bytes(3, "big")), **more}
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(raw), **more}


class Smith:
    """RSA keys of an application (and of an attacker), and tokens by them. `a` signs, `old` too, `enc` is for encryption."""

    def __init__(self) -> None:
        self.keys = {kid: rsa.generate_private_key(65537, 2048) for kid in ("a", "enc", "evil")}
        self.small = ed25519.Ed25519PrivateKey.generate()
        self.curve = ec.generate_private_key(ec.SECP256R1())

    def key_set(self) -> bytes:
        keys = [jwk(self.keys["a"], "a", use="sig", alg="RS256"), jwk(self.keys["enc"], "enc", use="enc"), jwk(self.small, "small")]
        return json.dumps({"keys": keys}).encode()

    def good(self, **changes: Any) -> str:
        return jwt.encode(claims(**changes), self.keys["a"], "RS256", headers={"kid": "a"})

    def rs256(self, signed: str, kid: str = "a", digest: Any = None) -> bytes:
        return self.keys[kid].sign(signed.encode(), padding.PKCS1v15(), digest or hashes.SHA256())

    def token(self, header: Any = None, payload: Any = None, sign: Callable[[str], bytes] | None = None, kid: str = "a") -> str:
        """Any header (text or object) over any payload, signed with the application's own key unless told otherwise."""
        header = {"alg": "RS256", "typ": "JWT", "kid": "a"} if header is None else header
        signed = b64(header) + "." + b64(claims() if payload is None else payload)
        return signed + "." + b64((sign or (lambda text: self.rs256(text, kid)))(signed))

    def head(self, **changes: Any) -> dict[str, Any]:
        header = {"alg": "RS256", "typ": "JWT", "kid": "a", **changes}
        return {name: value for name, value in header.items() if value is not None}

    def forged(self) -> dict[str, str]:
        """The forged tokens, by what is wrong with each."""
        found = {
            **self._algorithms(), **self._signatures(), **self._shapes(), **self._headers(), **self._claims(),
        }  # fmt: skip
        return found

    def _algorithms(self) -> dict[str, str]:
        found = {}
        for name in ("none", "None", "NONE", "nOnE"):
            found[f"alg {name}, no signature"] = self.token(self.head(alg=name), sign=lambda _: b"")
            found[f"alg {name}, good signature"] = self.token(self.head(alg=name))
        pem = public_pem(self.keys["a"])
        public = self.keys["a"].public_key()
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        pkcs1 = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
        modulus = public.public_numbers().n.to_bytes(256, "big")
        secrets = {
            "the PEM": pem, "the PEM without line end": pem.strip(), "the DER": der, "PKCS 1": pkcs1, "the modulus": modulus,
            "the key set": self.key_set(), "nothing": b"", "the kid": b"a", "zeros": bytes(32), "secret": b"secret",
            "the audience": AUDIENCE.encode(),
        }  # fmt: skip
        for name, secret in secrets.items():
            for algorithm in ("HS256", "RS256"):
                sign = lambda text, secret=secret: hmac.digest(secret, text.encode(), "sha256")
                found[f"{algorithm} with an HMAC by {name}"] = self.token(self.head(alg=algorithm), sign=sign)
        found["HS384 by the PEM"] = self.token(self.head(alg="HS384"), sign=lambda t: hmac.digest(pem, t.encode(), "sha384"))
        for algorithm, digest in (("RS384", hashes.SHA384()), ("RS512", hashes.SHA512())):
            found[f"{algorithm} by the right key"] = self.token(self.head(alg=algorithm), sign=lambda t, d=digest: self.rs256(t, digest=d))
            found[f"RS256 over {digest.name}"] = self.token(sign=lambda t, d=digest: self.rs256(t, digest=d))
        pss = lambda t: self.keys["a"].sign(t.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        found["PS256"] = self.token(self.head(alg="PS256"), sign=pss)
        found["RS256 with a PSS signature"] = self.token(sign=pss)
        found["EdDSA by a key of the set"] = self.token(self.head(alg="EdDSA", kid="small"), sign=lambda t: self.small.sign(t.encode()))
        found["RS256 by an Ed25519 key of the set"] = self.token(self.head(kid="small"), sign=lambda t: self.small.sign(t.encode()))
        found["ES256"] = self.token(self.head(alg="ES256"), sign=lambda t: self.curve.sign(t.encode(), ec.ECDSA(hashes.SHA256())))
        for name, value in (("missing", None), ("a list", ["RS256"]), ("a number", 256), ("lower case", "rs256"), ("with a space", "RS256 ")):
            found[f"alg {name}"] = self.token(self.head(alg=value))
        return found

    def _signatures(self) -> dict[str, str]:
        good = self.token()
        head, body, signature = good.split(".")
        other = self.token(payload=claims(sub="bob")).split(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        return {
            "no signature": f"{head}.{body}.",
            "the signature of another token": f"{head}.{body}.{other[2]}",
            "claims of another token": f"{head}.{other[1]}.{signature}",
            "a header that was not signed": f"{b64(self.head(typ='at+jwt'))}.{body}.{signature}",
            "a short signature": f"{head}.{body}.{b64(raw[:-1])}",
            "a long signature": f"{head}.{body}.{b64(raw + b'0')}",
            "a signature with a zero before it": f"{head}.{body}.{b64(bytes(1) + raw)}",
            "a signature of zeros": f"{head}.{body}.{b64(bytes(256))}",
            "a signature of ones": f"{head}.{body}." + b64(b"\xff" * 256),
            "one flipped bit": f"{head}.{body}.{b64(bytes([raw[0] ^ 1]) + raw[1:])}",
            "the attacker's key": self.token(kid="evil"),
            "the attacker's key and kid": self.token(self.head(kid="evil"), kid="evil"),
            "the key for encryption": self.token(self.head(kid="enc"), kid="enc"),
            "the hash in place of a signature": self.token(sign=lambda t: hashlib.sha256(t.encode()).digest()),
        }  # fmt: skip

    def _shapes(self) -> dict[str, str]:
        head, body, signature = self.token().split(".")
        deep: Any = 1
        for _ in range(40):
            deep = [deep]
        return {
            "two parts": f"{head}.{body}", "one part": head, "nothing between dots": "..", "four parts": f"{head}.{body}.{signature}.",
            "five parts, as if encrypted": f"{head}.{body}.{signature}.{body}.{signature}", "padding": f"{head}.{body}.{signature}==",
            "the other alphabet": f"{head}.{body}.{'+/' + signature[2:]}", "a space before": f" {head}.{body}.{signature}",
            "a line end after": f"{head}.{body}.{signature}\n", "as a JSON object": json.dumps({"protected": head, "payload": body, "signature": signature}),
            "a header that is no JSON": self.token("{"), "a header that is a list": self.token('["RS256"]'),
            "a header with a doubled alg": self.token('{"alg":"none","alg":"RS256","typ":"JWT","kid":"a"}'),
            "a header with an escaped alg": self.token('{"\\u0061lg":"RS256","typ":"JWT","kid":"a"}'),
            "a header with text after it": self.token('{"alg":"RS256","typ":"JWT","kid":"a"}x'),
            "a header with a byte order mark": self.token('\ufeff{"alg":"RS256","typ":"JWT","kid":"a"}'),
            "a header in UTF-16": self.token_bytes('{"alg":"RS256","typ":"JWT","kid":"a"}'.encode("utf-16")),
            "claims that are no JSON": self.token(payload="sub=ann"), "claims that are a text": self.token(payload='"ann"'),
            "claims in broken UTF-8": self.token_bytes(None, json.dumps(claims()).encode()[:-1] + b',"x":"\xff"}'),
            "claims with a doubled sub": self.token(payload='{"sub":"bob",' + json.dumps(claims())[1:]),
            "claims with a comment": self.token(payload=json.dumps(claims())[:-1] + "/* */}"),
            "claims 40 deep": self.token(payload=claims(deep=deep)), "4,001 bytes": self.token(payload=claims(pad="p" * 3000))[:4001].ljust(4001, "A"),
        }  # fmt: skip

    def token_bytes(self, header: bytes | None, payload: bytes | None = None) -> str:
        signed = b64(header or json.dumps(self.head()).encode()) + "." + b64(payload or json.dumps(claims()).encode())
        return signed + "." + b64(self.rs256(signed))

    def _headers(self) -> dict[str, str]:
        evil = jwk(self.keys["evil"], "a")
        found = {
            "its own key in jwk": self.token(self.head(jwk=evil), kid="evil"), "jwk beside a good signature": self.token(self.head(jwk=evil)),
            "jku of an attacker": self.token(self.head(jku="https://evil.example/keys"), kid="evil"),
            "jku beside a good signature": self.token(self.head(jku="file:///etc/passwd")),
            "x5u": self.token(self.head(x5u="https://evil.example/cert")), "x5c": self.token(self.head(x5c=[b64("cert")])),
            "crit": self.token(self.head(crit=["exp"])), "crit that is empty": self.token(self.head(crit=[])),
            "crit b64": self.token(self.head(crit=["b64"], b64=False)), "zip": self.token(self.head(zip="DEF")),
            "cty JWT": self.token(self.head(cty="JWT")), "enc": self.token(self.head(enc="A256GCM")),
        }  # fmt: skip
        for typ in (None, "", "JWE", "refresh+jwt", "dpop+jwt", "id_token", 5, ["JWT"], "JWT "):
            found[f"typ {typ!r}"] = self.token(self.head(typ=typ))
        kids = (None, "", "b", "A", "../../../../../dev/null", "/dev/null", "a' OR '1'='1", "a\x00", "a\n", "https://evil.example/keys", 0, True, ["a"], {"a": 1}, "k" * 300)
        for kid in kids:
            found[f"kid {str(kid)[:24]!r}"] = self.token(self.head(kid=kid))
        empty = lambda text: hmac.digest(b"", text.encode(), "sha256")
        found["kid of an empty file, HS256 by nothing"] = self.token(self.head(alg="HS256", kid="../../../dev/null"), sign=empty)
        return found

    def _claims(self) -> dict[str, str]:
        now = int(time.time())
        wrong: dict[str, list[Any]] = {
            "iss": [None, "", ISSUER + "/", ISSUER.upper(), "https://evil.example", [ISSUER], 1],
            "aud": [None, "", "parle", "parleyx", "PARLEY", [], ["other"], [["parley"]], {"parley": 1}, 1],
            "exp": [None, now - 1, now, 0, -1, str(now + 600), now + 600.5, (now + 600) * 1000, 1e300, True, [now + 600]],
            "nbf": [now + 3600, (now - 5) * 1000, str(now - 5), -1, [now]],
            "iat": [now + 3600, now + 10**9, str(now), now * 1000, False],
            "sub": [None, "", 5, True, ["ann"], {"sub": "ann"}, "a\x00b", "s" * 256],
            "sid": ["", 5, []],
            "jti": ["", 5],
        }
        return {
            f"{name} {str(value)[:24]!r}": self.token(payload=claims(**{name: value}))
            for name, values in wrong.items()
            for value in values
        }
