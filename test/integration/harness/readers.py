"""Strict readers of the identity headers, each written from its specification alone. They read the received bytes and
raise Malformed for everything outside the grammar.
"""

import base64
import re
import ssl


class Malformed(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Malformed(what)


# -- x-forwarded-client-cert, as Envoy documents it ---------------------------

XFCC_KEYS = {"by", "hash", "cert", "chain", "subject", "uri", "dns"}
_XFCC_PAIR = re.compile(rb'([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=]*))', re.S)


def xfcc(value):
    """Returns the elements of a list, each a list of (key in lower case, value as bytes). A quoted value may
    contain any byte; in it, `\\"` means `"`, and other backslashes are literal.
    """
    elements, pairs, at = [], [], 0
    while True:
        match = _XFCC_PAIR.match(value, at)
        require(match, f"no key=value at {at} of {value!r}")
        key = match[1].decode().lower()
        require(key in XFCC_KEYS, f"unknown key {key}")
        pairs.append((key, match[3] if match[2] is None else match[2].replace(b'\\"', b'"')))
        at = match.end()
        if at == len(value) or value[at:at + 1] == b",":
            elements.append(pairs)
            pairs = []
            if at == len(value):
                return elements
        else:
            require(value[at:at + 1] == b";", f"rubbish behind a value at {at} of {value!r}")
        at += 1


# -- Structured Fields (RFC 8941, RFC 9651), as far as RFC 9440 needs them -----

_BINARY = re.compile(rb":([A-Za-z0-9+/]*={0,2}):")


def byte_sequence(value, at=0):
    """(bytes, position behind it); parsing as strict as a receiver may be: padded, no stray bits."""
    match = _BINARY.match(value, at)
    require(match, f"no byte sequence at {at} of {value[:200]!r}")
    try:
        decoded = base64.b64decode(match[1], validate=True)
    except ValueError as error:
        raise Malformed(str(error)) from None
    require(base64.b64encode(decoded) == match[1], "padding bits that are not zero")
    return decoded, match.end()


def item(value):
    """An Item that is a byte sequence, without parameters."""
    decoded, end = byte_sequence(value)
    require(end == len(value), "something behind the item")
    return decoded


def byte_sequences(value):
    """A List of byte sequences."""
    found, at = [], 0
    while True:
        decoded, at = byte_sequence(value, at)
        found.append(decoded)
        if at == len(value):
            return found
        comma = re.compile(rb"[ \t]*,[ \t]*").match(value, at)
        require(comma, "no comma between members")
        at = comma.end()


# -- distinguished names (RFC 2253; the two notes of RFC 4514 that make it exact) --

_KEYWORDS = {"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6",
             "STREET": "2.5.4.9", "DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1"}
_TYPE = re.compile(rb"([A-Za-z][A-Za-z0-9-]*|(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+)=")
_SPECIAL = b',+"\\<>;'


def _type(text):
    text = text.decode()
    if text[0].isdigit():
        return text
    if text.upper() in _KEYWORDS:
        return _KEYWORDS[text.upper()]
    try:
        return ssl._txt2obj(text, name=True)[3]  # OpenSSL's table of short names
    except ValueError:
        raise Malformed(f"unknown attribute type {text}") from None


def _value(text, at):
    """(value, position behind it); the value is ("text", str) or ("der", bytes)."""
    if text[at:at + 1] == b"#":
        match = re.compile(rb"#((?:[0-9A-Fa-f]{2})+)").match(text, at)
        require(match, "a # without hex")
        return ("der", bytes.fromhex(match[1].decode())), match.end()
    out, start, bare_space = bytearray(), at, False
    while at < len(text) and text[at:at + 1] not in (b",", b"+"):
        byte = text[at]
        if byte == 0x5c:
            pair = text[at + 1:at + 3]
            if re.fullmatch(rb"[0-9A-Fa-f]{2}", pair):
                out += bytes.fromhex(pair.decode())
                at += 3
            else:
                require(pair[:1] and pair[:1] in _SPECIAL + b"#= ", f"{pair!r} is no escape")
                out += pair[:1]
                at += 2
            bare_space = False
            continue
        require(byte not in _SPECIAL, f"{chr(byte)} stands bare in {text!r}")
        require(not (at == start and byte in b"# "), "a bare space or # begins a value")
        bare_space = byte == 0x20
        out.append(byte)
        at += 1
    require(not bare_space, "a bare space ends a value")
    try:
        return ("text", bytes(out).decode("utf-8")), at
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None


def distinguished_name(text):
    """Relative names, the most specific first as written, each a set of (dotted type, value)."""
    if not text:
        return []
    names, at, relative = [], 0, set()
    while True:
        match = _TYPE.match(text, at)
        require(match, f"no type at {at} of {text!r}")
        value, at = _value(text, match.end())
        require(match[1][:1].isalpha() or value[0] == "der", "a dotted type wants #hex")
        relative.add((_type(match[1]), value))
        if at == len(text) or text[at:at + 1] == b",":
            names.append(relative)
            relative = set()
            if at == len(text):
                return names
        at += 1
