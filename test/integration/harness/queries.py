"""Query definitions of a test's own."""

QUERY = """name: {name}
help: A query of a test.
metrics:
  - column: n
    type: gauge
    help: A number.
versions:
  - sql: "{sql}"
"""


def write_queries(directory, **queries):
    """A directory for the option `queries`: one file for each name and SQL, with the gauge n."""
    directory.mkdir()
    for name, sql in queries.items():
        (directory / f"{name}.yaml").write_text(QUERY.format(name=name, sql=sql))
    return directory
