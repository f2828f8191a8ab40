"""Voice of the customer: what comments are about, and what is new in them. The pipelines call `find_topics`."""

from models.voice.finding import COMMENT_SCHEMA, TOPIC_SCHEMA, Voice, find_topics
from models.voice.params import VoiceParams, load_params

__all__ = ["COMMENT_SCHEMA", "TOPIC_SCHEMA", "Voice", "VoiceParams", "find_topics", "load_params"]
