"""The acoustic model: tokens → how long each lasts, the pitch of every frame, and its mel bands.

In the manner of FastSpeech 2 without attention: ConvNeXt blocks over tokens, a duration for each token, tokens spread
over frames, pitch and voicing *per frame* (a Mandarin tone is a contour, one value per token can't draw it), ConvNeXt
blocks over frames, mel.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tts_service.models.features import MEL_BANDS
from tts_service.models.layers import Stack

_FRAME_FEATURES = 6
PITCH_CENTRE = 5.2
"""Natural logarithm of 181 Hz: pitch is passed around as log F0 minus this."""
MEL_MEAN, MEL_SCALE = -6.0, 2.5


@dataclass(frozen=True)
class AcousticConfig:
    """The acoustic model's size; `tokens`, `speakers` and `emotions` are counts, `places` columns of `positions`."""

    tokens: int
    speakers: int
    emotions: int
    places: int
    channels: int = 192
    hidden: int = 576
    encoder_blocks: int = 4
    pitch_blocks: int = 3
    decoder_channels: int = 224
    decoder_hidden: int = 672
    decoder_blocks: int = 4

    @property
    def context(self) -> int:
        """Frames on each side that can influence the mel bands of a frame."""
        return 3 * self.decoder_blocks


@dataclass(frozen=True)
class Spread:
    """Tokens spread over frames: which token each frame belongs to, where in it, and which frames are real."""

    token: Tensor  # (batch, frames), index of a token
    features: Tensor  # (batch, frames, _FRAME_FEATURES)
    mask: Tensor | None  # (batch, frames, 1); None when every frame is real


def spread(durations: Tensor, frames: int | None = None) -> Spread:
    """Spreads tokens over frames; durations are in frames, fractions allowed: (batch, tokens)."""
    ends = torch.cumsum(durations.double(), 1)
    lengths = torch.round(ends[:, -1]).long()
    count = int(lengths.max()) if frames is None else frames
    centres = (torch.arange(count, device=durations.device, dtype=torch.float64) + 0.5).expand(len(ends), -1)
    token = torch.searchsorted(ends, centres.contiguous(), right=True).clamp(max=durations.shape[1] - 1)
    end = torch.gather(ends, 1, token)
    length = torch.gather(durations.double(), 1, token)
    since, until = centres - (end - length), end - centres
    share = (since / length.clamp(min=0.5)).clamp(0, 1)
    features = torch.stack(
        [
            share,
            (torch.pi * share).cos(),
            (torch.pi * share).sin(),
            torch.log1p(length) / 3,
            (since.clamp(0, 12) / 12),
            (until.clamp(0, 12) / 12),
        ],
        -1,
    ).float()
    mask = None if len(lengths) == 1 and count == int(lengths[0]) else (centres < lengths[:, None])[..., None].float()
    return Spread(token, features, mask)


@dataclass(frozen=True)
class Prosody:
    """Pitch of every frame: log F0 minus PITCH_CENTRE, and the logit of being voiced; both (batch, frames)."""

    pitch: Tensor
    voicing: Tensor


class AcousticModel(nn.Module):
    """See the module. Call `encode`, `spread`, `prosody`, `decode` in this order."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.config = config
        width, wide = config.channels, config.decoder_channels
        self.token = nn.Embedding(config.tokens, width)
        self.place = nn.Linear(config.places, width)
        self.speaker = nn.Embedding(config.speakers, width)
        self.emotion = nn.Linear(config.emotions, width, bias=False)
        self.pace = nn.Linear(1, width)
        self.encoder = Stack(width, config.hidden, config.encoder_blocks)
        self.duration = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1))
        self.frame = nn.Linear(_FRAME_FEATURES, width)
        self.pitch_stack = Stack(width, config.hidden, config.pitch_blocks)
        self.pitch_out = nn.Linear(width, 2)
        self.decoder_in = nn.Linear(width, wide)
        self.pitch_in = nn.Linear(3, wide)
        self.decoder = Stack(wide, config.decoder_hidden, config.decoder_blocks)
        self.mel_out = nn.Linear(wide, MEL_BANDS)

    def encode(
        self, ids: Tensor, places: Tensor, speaker: Tensor, emotion: Tensor, pace: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens → (encoding (batch, tokens, channels), log(1 + duration in frames) (batch, tokens)).

        ids (batch, tokens), 0 = padding; places from `position.positions`; speaker (batch,) indices; emotion
        (batch, emotions) weights, usually one 1; pace (batch,) the logarithm of the factor on all durations.
        """
        mask = (ids != 0).unsqueeze(-1).float()  # kept for one utterance too: tokens are few
        who = self.speaker(speaker) + self.emotion(emotion) + self.pace(pace[:, None])
        encoded = self.encoder(self.token(ids) + self.place(places) + who[:, None], mask)
        encoded = encoded + who[:, None] * mask
        durations: Tensor = self.duration(encoded).squeeze(-1) * mask.squeeze(-1)
        return encoded, durations

    def expand(self, encoded: Tensor, over: Spread) -> Tensor:
        """Encodings per frame: (batch, frames, channels)."""
        index = over.token.unsqueeze(-1).expand(-1, -1, encoded.shape[-1])
        frames: Tensor = torch.gather(encoded, 1, index) + self.frame(over.features)
        return frames if over.mask is None else frames * over.mask

    def prosody(self, frames: Tensor, mask: Tensor | None) -> Prosody:
        """Predicts pitch and voicing of every frame."""
        out = self.pitch_out(self.pitch_stack(frames, mask))
        return Prosody(out[..., 0], out[..., 1])

    def decode(self, frames: Tensor, pitch: Tensor, voiced: Tensor, mask: Tensor | None) -> Tensor:
        """Predicts log mel bands (batch, frames, MEL_BANDS) at the given pitch and voicing (0 or 1)."""
        tune = torch.stack([pitch * voiced, pitch * 0.5, voiced], -1)
        decoded = self.decoder(self.decoder_in(frames) + self.pitch_in(tune), mask)
        mel: Tensor = self.mel_out(decoded) * MEL_SCALE + MEL_MEAN
        return mel
