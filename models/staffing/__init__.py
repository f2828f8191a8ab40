"""What a number of agents does to waits: Erlang B, C and A."""

from models.staffing.erlang import Performance, erlang_a, erlang_b, erlang_c

__all__ = ["Performance", "erlang_a", "erlang_b", "erlang_c"]
