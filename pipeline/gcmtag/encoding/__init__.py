"""Texts to vectors: finds the encoder's weights without a network, checks them, and encodes each text once."""

from gcmtag.encoding.adapter import Adapter
from gcmtag.encoding.encoder import Encoder, load_encoder

__all__ = ["Adapter", "Encoder", "load_encoder"]
