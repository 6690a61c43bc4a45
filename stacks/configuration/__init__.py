"""A branch's monitoring configuration: which files count, what is wrong with them, and what a preview makes of them.

The layout is that of the PostgresAI monitoring repository. What a branch lacks comes from this project's own
configuration. What names a database of the preview gets the preview's own credentials: passwords are generated for each
preview, so none that a repository has could work.
"""

from stacks.configuration.dashboards import home_of
from stacks.configuration.faults import ConfigurationError
from stacks.configuration.gather import gather
from stacks.configuration.plugins import lacking
from stacks.configuration.result import Configuration

__all__ = ["Configuration", "ConfigurationError", "gather", "home_of", "lacking"]
