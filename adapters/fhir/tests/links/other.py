"""SMART Health Links by another implementation of JWE. Reads JSON from standard input and writes JSON."""

import base64
import json
import sys

from jwcrypto import jwe, jwk


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(token, key):
    found = jwe.JWE(algs=["dir", "A256GCM"])
    found.deserialize(token, key)
    return [found.jose_header["cty"], found.payload.decode()]


def open_link(given):
    payload = json.loads(decoded(given["link"].removeprefix("shlink:/")))
    key = jwk.JWK(kty="oct", k=payload["key"])
    files = json.loads(given["manifest"])["files"]
    found = [opened(file["embedded"], key) for file in files]
    assert [file["contentType"] for file in files] == [content_type for content_type, _ in found]
    return {"payload": payload, "files": found}


def make_link(given):
    key = jwk.JWK.generate(kty="oct", size=256)
    tokens = []
    for more in [{}, {"zip": "DEF"}]:
        header = {"alg": "dir", "enc": "A256GCM", "cty": "application/fhir+json", **more}
        token = jwe.JWE(given["content"].encode(), json.dumps(header))
        token.add_recipient(key)
        tokens.append(token.serialize(compact=True))
    payload = {"label": "made elsewhere", "key": key.export(as_dict=True)["k"], "url": "https://a.example/m", "v": 1}
    files = [{"contentType": "application/fhir+json", "embedded": token} for token in tokens]
    link = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return {
        "link": "https://viewer.example/#shlink:/" + link,
        "manifest": json.dumps({"files": files}),
        "lengths": [len(token) for token in tokens],
    }


print(json.dumps({"open": open_link, "make": make_link}[sys.argv[1]](json.load(sys.stdin))))
