"""Texts that mean something in one of the languages that are written: quotes, comments, templates,
statements, line breaks that only some readers know, characters that turn or hide text.
"""

from __future__ import annotations

CANARY = "CANARY"
"""Name of a file that the payloads which are code would make in the working directory."""

_QUOTES = (
    *("'", '"', '"""', "'''", "`", "``` x", "a'b\"c", "\\", "\\\\", "a\\", '\\"""', "\\'", "$$"),
    *('" + __import__("os").system("x") + "', '" + x + "'),
)
_BREAKS = (
    *("\n", "a\nb", "a\r\nb", "a\rb", "a\vb\fc", "a\x1cb\x1db\x1eb", "a\x85b", "a\u2028b\u2029c"),
    *(
        "a\u2028b",
        "abc\n",
        "x\n\nimport os",
        '\\"""\nimport os\n"""',
        '"]\nend',
        "x\r\noption java_package",
    ),
    *('x"\n}\nmessage Evil {', '"""\ntype Mutation { a: Int }\n"""', "x\n---\na: b", "x\n[t]\nb=1"),
)
_HIDDEN = (
    *("\x00", "\x07\x1b[31m", "\x7f\x9f", "\u202eabc\u2066", "\u202egnp.exe", "\ufeff", "\ufeffx"),
    *("\t", "a\u200bb", "\x1b]8;;http://a.b\x1b\\x", "\u0430dmin", "\U0001f34b"),
)
_COMMENTS = (
    *("-", "--", "#", "# x", "int # x", "*/", "/*", "//", "-->", "<!-- x", "]] --", "a -- b"),
    *("a /* b */ c", "*/ rpc X(A) returns (A); /*", "x # syntax=evil", "^^^", "@", "& x", "%TAG"),
)
_TEMPLATES = (
    *("{{ v }}", "{% x %}", "{% raw %}", "{# c #}", "[[ v ]]", "${x}", "$(x)", "`x`", "%s", "{0}"),
    *(
        "{x!r}",
        "%%{init: {}}%%",
        "{{ .Values.x }}",
        "{{ include `x` . }}",
        "{{- end }}",
        "${{ secrets.X }}",
    ),
    *("{{ $labels.x }}", '{{ printf "x" }}', "{%", "}}", "${VAR:-x}", "!`x`"),
)
_STATEMENTS = (
    *("a; DROP TABLE x; --", "') OR ('1'='1", "a) OR (b", "';--", "'); DROP TABLE x; --", "a;b"),
    *("- &a *a", "*a", "!!python/object/apply:os.system [x]", "<<: *a", "a: b", "? x", "| x"),
    *("{a: b}", "[a, b]", "> x", "no", "1", "1e3", "0x1F", "null", "~", "=\n=", "2024-01-01"),
    *("|", "a|b", "~~~", "<script>alert(1)</script>", "</script>", "](javascript:x)", "![x](y)"),
    *("@team", "@everyone", "&amp;", "* @owner", "RUN x", "\nRUN x", "x\\\nRUN y", "* * * * *"),
    *('x"} or vector(1)', "x, y", "1 || true", 'a" == "b', "true or true", "data.x == y", "a=b"),
    *("expr; :", "x && y", "x > y", "$x", "x=y z", "\\N{BULLET}", "\\u0041", "\\x41", "\\g<0>"),
)
_CODE = (
    f"open('{CANARY}','w').close()",
    f"'''\nopen('{CANARY}','w').close()\n'''",
    f'"""\nopen("{CANARY}","w").close()\n"""',
    f'"\nopen("{CANARY}","w").close()\n"',
    f"x\\\nopen('{CANARY}','w').close()#",
    f"{{open('{CANARY}','w')}}",
    f"__import__('pathlib').Path('{CANARY}').touch()",
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"'; touch {CANARY}; '",
)
_PATHS = (
    *("../../etc/passwd", "/etc/passwd", "a/../b", "C:\\x", "con", ".git", "..", "~root", "a/b"),
    *("file:///etc/passwd", "//host/x", "\\\\host\\x", "http://169.254.169.254/x"),
)
PAYLOADS: tuple[str, ...] = (
    *("plain", "", " ", "two words", "ünïcödé 檸檬", "x" * 5000),
    *(*_QUOTES, *_BREAKS, *_HIDDEN, *_COMMENTS, *_TEMPLATES, *_STATEMENTS, *_CODE, *_PATHS),
)

NAMES: tuple[str, ...] = (
    *("class", "None", "import", "def", "await", "match", "case", "_", "self", "print", "object"),
    *("__init__", "__class__", "__import__", "exec", "eval", "type", "id", "list", "dict", "str"),
    *("con", "prn", "aux", "nul", "com1", "lpt9", "CON.txt", "nul.py", "x.", "x ", ".x", "-x"),
    *("..", ".", "../x", "/abs", "a/../../b", "a/b", "a\\b", ".git", ".github", "x\x00y", "x\n"),
    *("é", "e\u0301", "ﬁ", "fi", "K", "k", "x\u202ey", "x\u200by", "ａｂｃ", "\u0430", "ß", "ss"),
    *("x" * 256, "é" * 128, "1", "1a", "a-b", "a_b", "aB", "a.b", "a b", "true", "null", "select"),
    *("table", "user", "order", "group", "query", "mutation", "subscription", "message", "service"),
    *("constructor", "prototype", "__proto__", "toString", "model_config", "model_fields", "json"),
    *("copy", "schema", "validate", "construct", "field", "value", "event", "name", "mro", "items"),
)
"""Names that are taken in a language, on a disk or by a library, or that read as another one."""
