"""Python packages of services and clients: that of a service never hides a module which it imports
itself.
"""

from __future__ import annotations

from cloudsync_gen.naming import python_name, snake

_STANDARD_LIBRARY = """
abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop
base64 bdb binascii bisect builtins bz2 calendar cgi cgitb chunk cmath cmd code codecs codeop
collections colorsys compileall compression concurrent configparser contextlib contextvars copy
copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest
email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions
ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac
html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword
lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder
msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator
optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib
posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue
quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors
shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3
sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess
sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this
threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle
turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref
webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
"""
"""Of all versions of Python from 3.11 on."""

_LIBRARIES = """
aio_pika aiokafka aiormq aiosqlite alembic annotated_doc annotated_types anyio async_timeout
cedarpy cel certifi cffi charset_normalizer click cloudsync_chassis colorama cross_web cryptography
dateutil dotenv exceptiongroup fastapi google graphql greenlet grpc grpc_health grpc_reflection h11
httpcore httpx idna joserfc jsonschema mako markdown_it markupsafe mdurl multidict opentelemetry
packaging pamqp pip pluggy prometheus_client prompt_toolkit propcache psycopg psycopg_binary
pycparser pydantic pydantic_core pydantic_settings pygments pytest redis referencing requests rich
rpds setuptools shellingham six sniffio sqlalchemy starlette strawberry structlog tomli typer
typing_extensions typing_inspection tzdata urllib3 uvicorn uvloop wcwidth yaml yarl
"""
"""Of the chassis and of the tests of a service."""

TAKEN = frozenset((_STANDARD_LIBRARY + _LIBRARIES).split())


def distribution_of(service: str) -> str:
    """Name under which a service is installed: its own, unless that is a library's."""
    return f"{service}-service" if snake(service) in TAKEN else service


def package_of(service: str) -> str:
    """Python package of a service."""
    return python_name(distribution_of(service))


def rest_package(contract: str) -> str:
    """The package of the client of a REST contract."""
    return f"{python_name(contract)}_client"


def grpc_package(contract: str) -> str:
    """The package of the client of a gRPC contract."""
    return f"{python_name(contract)}_grpc_client"


def registry_package(project: str) -> str:
    """The package with the facts of the registry of a project."""
    return f"{python_name(project)}_registry"
