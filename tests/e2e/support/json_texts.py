"""JSON values for one member, good ones and malformed ones, made from RFC 8259's grammar: each rule broken in each way."""
import itertools

CONTROLS = [0x00, 0x01, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1B, 0x1F]
NOT_UTF8 = [b"\xff", b"\xc3", b"\xe9", b"\x80", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80", b"\xe2\x82", b"\xfe\xff", b"caf\xe9", b"\xf0\x9f\x8f", b"\x81\x82"]


def bad_numbers():
    signs = [b"+1", b"-", b"--1", b"- 1", b"+", b"-x", b"+-1"]
    zeros = [b"01", b"-01", b"00", b"012.5", b"-00"]
    points = [b".5", b"-.5", b"1.", b"-1.", b"1.e1", b"1..2", b"1.2.3", b".", b"0.", b"1,5.2"[:2] + b",", b"1.x"]
    exponents = [b"1e", b"1E", b"1e+", b"1e-", b"0e", b"1ee2", b"1e1.5", b"1e++1", b"2.e3", b"1eE2", b"0.3e", b"0.3e+"]
    words = [b"NaN", b"-NaN", b"nan", b"Infinity", b"-Infinity", b"inf", b"Inf", b"0x1F", b"0xg", b"1_000", b"1 000", b"1L",
             b"1f", b"0b1", b"0o7", b"1a", b"-1b", b"\xef\xbc\x91", b"1\xe2\x82\xac", b"1/2", b"1'000"]
    return signs + zeros + points + exponents + words


def bad_words():
    return [b"True", b"TRUE", b"False", b"None", b"NULL", b"Null", b"nul", b"nulll", b"tru", b"truee", b"fals", b"undefined",
            b"n", b"t", b"f", b"true false", b"yes", b"\xc3\xa9", b"*", b"&", b"@", b"(1)", b"<null>", b"nu\x00ll", b"n ull"]


def bad_strings():
    escapes = [b'"\\x41"', b'"\\a"', b'"\\e"', b"\"\\'\"", b'"\\0"', b'"\\v"', b'"\\U0041"', b'"\\ "', b'"\\\xc3\xa9"',
               b'"\\u"', b'"\\u1"', b'"\\u12"', b'"\\u123"', b'"\\u12G4"', b'"\\u00zz"', b'"\\ud83d\\u"', b'"\\uD8"', b'"\\\\\\"',
               b'"\\\x00"', b'"\\\t"']
    quotes = [b"'a'", b'"a', b'a"', b'"a" b"', b'"a"b', b'"Chez "Paul""', b'"', b'"""', b'"a"" "', b"`a`", b'\xe2\x80\x9ca\xe2\x80\x9d',
              b'"Chez "Paul", {"', b'"a" "b"', b'a', b'"a\\"']
    controls = [b'"a' + bytes([code]) + b'b"' for code in CONTROLS]
    encodings = [b'"a' + piece + b'b"' for piece in NOT_UTF8]
    return escapes + quotes + controls + encodings


def bad_arrays():
    return [b"[", b"[1", b"[1,", b"[,1]", b"[1,,2]", b"[1 2]", b"[1}", b"[1,]", b"[,]", b"[1;2]", b'["a"', b"[[]", b"[1:2]", b"[a]", b"[-]",
            b"[1 true]", b'["a" "b"]', b"[\x0c]", b"[\xc2\xa01]", b"[\"\x00\"]", b"[*]", b"[1,\n1\n,1", b"(", b"]", b"[]]", b"[\xff]"]


def bad_objects():
    return [b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b"{,}", b'{"a" 1}', b'{"a"::1}', b"{a:1}", b"{'a':1}", b"{1:1}",
            b'{"a":1 "b":2}', b'{"a":1,,"b":2}', b'{"a":}', b'{:1}', b'{"a",1}', b'{"a":1]', b'{null:1}', b'{"a":"b"}#', b'{"a":1}/**/',
            b'{"a":/*x*/1}', b'{"a":1}}', b'{"a":{"b":1}', b"{[:1]}", b'{"a\x01":1}', b'{"\xff":1}', b'{"a\n":1}', b"{}}", b'{"a":1}x',
            b'{"a":1;"b":2}', b'{"a"=1}', b"{\"a\":'x'}"]


def bad_whole():
    deep = 2000
    return [b"", b" ", b"\x0b1", b"\x0c1", b"\xc2\xa01", b"\xe2\x81\xa01", b"\xef\xbb\xbf1", b"#1", b"//1\n1", b"/* 1 */", b",", b":", b"\\u0031",
            b"1,,", b"1 1", b'"a":1', b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b"[" * deep, b'[{"a":' * deep]


def malformed():
    found = itertools.chain(bad_numbers(), bad_words(), bad_strings(), bad_arrays(), bad_objects(), bad_whole())
    return list(dict.fromkeys(found))


def good():
    """Well-formed ones that careless readers take for bad, or change."""
    numbers = [b"0", b"-0", b"0.0", b"-0.0", b"1e1", b"1E+1", b"1e-1", b"1.50", b"123123e100000"[:9], b"0e1", b"0e+1", b"-1.5E-10",
               b"9007199254740993", b"-9223372036854775808", b"18446744073709551616", b"1" * 60, b"0." + b"3" * 60, b"1e400", b"1e-400",
               b"100000000000000000000000000000000000.00000000000000000001"]
    strings = [b'""', b'" "', b'"\\""', b'"\\\\"', b'"\\/"', b'"/"', b'"\\b\\f\\n\\r\\t"', b'"\\u0041"', b'"\\u00e9"', b'"\\u20ac"', b'"\\uD83C\\uDFE0"',
               b'"\\ud83c\\udfe0"', b'"\xc3\xa9"', b'"\xe2\x82\xac"', b'"\xf0\x9f\x8f\xa0"', b'"\x7f"', b'"\xc2\x80"', b'"\xe2\x80\xa8\xe2\x80\xa9"',
               b'"\xef\xbf\xbf"', b'"\xf4\x8f\xbf\xbf"', b'"\\u001f"', b'"\\u000b"', b'"\\uFFFE"', b'"// no comment"', b'"[1,2]"', b'"}, {"', b'"]}"',
               b'"\\u005C"', b'"\\u0022"', b'"a\\u202eb"', b'"\xef\xbb\xbf"', b'"null"', b'"' + b"x" * 3000 + b'"', b'"\\\\u0000"', b'"\xd7\xa9"']
    arrays = [b"[]", b"[ ]", b"[[]]", b"[1, 2]", b"[\n1\t,\r2 ]", b"[null]", b"[true,false]", b'[""]', b"[" * 100 + b"]" * 100, b'["a",1,{}]',
              b"[1,null,null,2]", b"[" + b"1," * 500 + b"1]", b"[[[[1]]]]", b"[-0]", b'[{"a":1},{"a":2}]']
    objects = [b"{}", b"{ }", b'{"a":1}', b'{"":0}', b'{"a":1,"a":2}', b'{"a":{"b":{"c":[]}}}', b'{"\\u0061":1}', b'{ "a" : [ ] }',
               b'{"contact_id":999}', b'{"time_modified":"1999-01-01","deleted":true}', b'{"a\\"b":1}', b'{"\xc3\xa9":null}', b'{"data":[]}',
               b'{"a":' * 50 + b"1" + b"}" * 50, b'{"count":1,"data":[{"contact_id":5}]}', b'{"long":"' + b"y" * 2000 + b'"}', b'{"a":[],"b":{}}']
    words = [b"null", b"true", b"false", b" null ", b"\ttrue\r\n", b"\nfalse", b"  1  ", b'\n"a"\n']
    return list(dict.fromkeys(numbers + strings + arrays + objects + words))


def closing():
    """Texts that close the record, or `data`, too early, in ways of their own; none of them makes a well-formed page."""
    return [b"1}", b"1},", b"1}]", b"1}]}", b"1]", b"]}", b'"a"}]', b"[1]]", b'{"a":[1}]', b'"Chez "Paul"},{"', b'1}],"count":1', b"null}}",
            b'[{"a":1}]]', b'{"a":1}},', b'1}]}]}', b'"x"}]}\n']
