"""What both trainings share: a budget of time, learning-rate schedule, averaged weights, checkpoints, progress."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

_WARM_UP_STEPS = 100
_DECAY_FROM = 0.6  # share of the budget after which the rate falls to zero
_CHECKPOINT_SECONDS = 60.0
_REPORT_SECONDS = 20.0
_LAST_RATE = 0.01


def device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Loop:
    """Trains `model` for a number of minutes and can be stopped and started again at any time.

    The learning rate follows the share of the budget that is used up: warm-up, constant, falling to zero. Weights are
    averaged exponentially; `averaged` holds the copy to keep. State lies in `checkpoint`, written every minute.
    """

    def __init__(
        self, model: nn.Module, checkpoint: Path, *, minutes: float, rate: float, extra: nn.Module | None = None
    ) -> None:
        self.model, self.checkpoint, self.budget, self.rate = model, checkpoint, minutes * 60, rate
        decayed = [p for p in model.parameters() if p.dim() > 1]
        plain = [p for p in model.parameters() if p.dim() <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
            lr=rate,
            betas=(0.9, 0.98),
        )
        self.averaged = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.step, self.spent = 0, 0.0
        if checkpoint.exists():
            state: dict[str, Any] = torch.load(
                checkpoint, map_location=next(model.parameters()).device, weights_only=True
            )
            model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.averaged, self.step, self.spent = state["averaged"], state["step"], state["spent"]
            print(f"{checkpoint.name}: goes on at step {self.step}, {self.spent / 60:.1f} min spent", flush=True)

    def save(self) -> None:
        """Writes the checkpoint aside and renames it."""
        aside = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "averaged": self.averaged,
                "step": self.step,
                "spent": self.spent,
            },
            aside,
        )
        aside.rename(self.checkpoint)

    def _set_rate(self) -> None:
        share = self.spent / self.budget
        falling = min(1.0, max(0.0, (1 - share) / (1 - _DECAY_FROM)))
        rate = self.rate * min(1.0, (self.step + 1) / _WARM_UP_STEPS) * max(falling, _LAST_RATE)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _average(self) -> None:
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                self.averaged[name].lerp_(value.detach(), 1 - keep)

    def run(self, losses: Callable[[int], dict[str, torch.Tensor]]) -> None:
        """Trains until the budget is spent; `losses` gives the named losses of a step, their sum is minimised."""
        sums: dict[str, float] = {}
        since, reported, saved = 0, time.monotonic(), time.monotonic()
        while self.spent < self.budget:
            began = time.monotonic()
            self._set_rate()
            parts = losses(self.step)
            total = torch.stack(list(parts.values())).sum()
            self.optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
            if torch.isfinite(norm):
                self.optimizer.step()
            self._average()
            self.step += 1
            since += 1
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            now = time.monotonic()
            self.spent += now - began
            if now - reported > _REPORT_SECONDS or self.spent >= self.budget:
                text = " ".join(f"{name} {value / since:.4f}" for name, value in sums.items())
                print(f"{self.spent / 60:6.1f}/{self.budget / 60:.0f} min step {self.step} {text}", flush=True)
                sums, since, reported = {}, 0, now
            if now - saved > _CHECKPOINT_SECONDS or self.spent >= self.budget:
                self.save()
                saved = now
        self.model.load_state_dict(self.averaged)
