"""What does the source say? Its tree, the places of its parts, and the other modules of its project."""

from mhlint.syntax.program import Program, Site, dotted, parse
from mhlint.syntax.project import Modules, Project

__all__ = ["Modules", "Program", "Project", "Site", "dotted", "parse"]
