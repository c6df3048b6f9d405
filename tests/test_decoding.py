import pytest

from mhlint.decoding import Unreadable, decode, encode


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x = 1\r\ny = 2\rz = 3\n",
        "# \xe9\n".encode(),
        b"\xef\xbb\xbfx = 1\n",
        b"\xef\xbb\xbf# coding: utf-8\nx\n",
        "# -*- coding: latin-1 -*-\ns = '\xe9'\n".encode("latin-1"),
        "#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\ns = '\u20ac'\n".encode("cp1252"),
        "\n# coding=shift_jis\ns = '\u65e5\u672c'".encode("shift_jis"),
        b"\x0c# coding: ascii\nx",
    ],
)
def test_every_byte_comes_back(data: bytes) -> None:
    decoded = decode(data)
    assert encode(decoded.text, decoded) == data


def test_the_mark_is_not_text() -> None:
    assert decode(b"\xef\xbb\xbfx").text == "x"


def test_a_cookie_behind_code_does_not_count() -> None:
    assert decode(b"x = 1\n# coding: latin-1\n").encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "words", "row"),
    [
        (b"a\nb\0c", "null bytes", 2),
        (b"a\nb = '\xe9'\n", "not utf-8: byte 0xe9", 2),
        (b"# coding: nonsense\n", "unknown encoding: nonsense", 1),
        (b"\n# coding: rot13\n", "not a text encoding: rot13", 2),
        (b"\xef\xbb\xbf# coding: latin-1\n", "declares latin-1", 1),
        ("x = 1\n".encode("utf-16"), "null bytes", 1),
    ],
)
def test_what_has_no_text_says_why_and_where(data: bytes, words: str, row: int) -> None:
    with pytest.raises(Unreadable, match=words) as caught:
        decode(data)
    assert caught.value.position.row == row


def test_a_character_the_encoding_lacks_is_refused() -> None:
    decoded = decode(b"# coding: latin-1\n")
    with pytest.raises(Unreadable, match="no form in iso8859-1"):
        encode("\u20ac", decoded)
