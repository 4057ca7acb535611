"""Texts to vectors: finds the encoder's weights without a network, checks them, and encodes each text once."""

from gcmtag.encoding.encoder import Encoder, load_encoder

__all__ = ["Encoder", "load_encoder"]
