"""placeholder"""


def index() -> None: ...
