"""The peer of the benchmark: EDM's denoiser as its paper describes it, written for PyTorch in the padded dense way.

Every molecule is padded to the same number of atoms and every ordered pair is an edge, masked where it does not exist:
messages phi_e([h_i, h_j, d2_ij, d2_ij(0)]) are [B, N, N, H], gated by attention, masked and summed (Hoogeboom et al.
2022, section 2 and appendix B). A training step is loss, gradient, clipping, AdamW with AMSGrad and moving average.
Speaks as bench/worker.mjs does: one request a line, one answer a line.

python3 bench/peer/dense_edm.py '{"hidden": 64, "layers": 4, "threads": 2}'
"""
import json
import resource
import sys
import time

import torch
from torch import nn

OPTIONS = json.loads(sys.argv[1])
torch.set_num_threads(OPTIONS["threads"])
torch.manual_seed(1)
IN, OUT = 7, 6
LARGEST = 29  # atoms of QM9's largest molecule: what sampling pads to


def mlp(inputs, hidden, outputs):
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))


class Block(nn.Module):
    """A graph convolution, then a move of the atoms along their differences."""

    def __init__(self, hidden):
        super().__init__()
        self.message = nn.Sequential(mlp(2 * hidden + 2, hidden, hidden), nn.SiLU())
        self.gate = nn.Sequential(nn.Linear(hidden, 1), nn.Sigmoid())
        self.update = mlp(2 * hidden, hidden, hidden)
        self.score = nn.Sequential(
            mlp(2 * hidden + 2, hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1, bias=False)
        )
        nn.init.xavier_uniform_(self.score[-1].weight, gain=0.001)

    def forward(self, h, x, d2_input, atoms, pairs):
        batch, n, hidden = h.shape
        difference = x.unsqueeze(2) - x.unsqueeze(1)  # [B, N, N, 3]
        d2 = difference.square().sum(-1, keepdim=True)
        direction = difference / (torch.sqrt(d2 + 1e-8) + 1)

        def edges(h):
            receiver = h.unsqueeze(2).expand(batch, n, n, hidden)
            sender = h.unsqueeze(1).expand(batch, n, n, hidden)
            return torch.cat([receiver, sender, d2, d2_input], -1)  # [B, N, N, 2H + 2]

        m = self.message(edges(h))
        m = m * self.gate(m) * pairs
        h = (h + self.update(torch.cat([h, m.sum(2)], -1))) * atoms
        move = direction * torch.tanh(self.score(edges(h))) * 15 * pairs
        return h, (x + move.sum(2)) * atoms


class Denoiser(nn.Module):
    def __init__(self, hidden, layers):
        super().__init__()
        self.embed = nn.Linear(IN, hidden)
        self.blocks = nn.ModuleList(Block(hidden) for _ in range(layers))
        self.out = nn.Linear(hidden, IN)

    def forward(self, x, h, atoms, pairs):
        difference = x.unsqueeze(2) - x.unsqueeze(1)
        d2_input = difference.square().sum(-1, keepdim=True)
        features, moved = self.embed(h), x
        for block in self.blocks:
            features, moved = block(features, moved, d2_input, atoms, pairs)
        velocity = (moved - x) * atoms
        velocity = (velocity - velocity.sum(1, keepdim=True) / atoms.sum(1, keepdim=True)) * atoms
        return torch.cat([velocity, (self.out(features) * atoms)[..., :OUT]], -1)


network = Denoiser(OPTIONS["hidden"], OPTIONS["layers"])
parameters = list(network.parameters())
average = [p.detach().clone() for p in parameters]
optimizer = torch.optim.AdamW(parameters, lr=1e-6, amsgrad=True, weight_decay=1e-12, foreach=True)


def padded(sizes, n):
    atoms = (torch.arange(n) < torch.tensor(sizes).unsqueeze(1)).float().unsqueeze(-1)  # [B, N, 1]
    pairs = atoms.unsqueeze(2) * atoms.unsqueeze(1) * (1 - torch.eye(n)).view(1, n, n, 1)
    x = torch.randn(len(sizes), n, 3) * atoms
    h = torch.randn(len(sizes), n, IN) * atoms
    return x, h, atoms, pairs, torch.randn(len(sizes), n, 3 + OUT) * atoms


batches = {}


def prepare(request):
    sizes = request["sizes"]
    batches["train"] = padded(sizes, max(sizes))
    batches["denoise"] = padded(sizes, max(LARGEST, max(sizes)))
    return {"engine": f"PyTorch {torch.__version__}", "parameters": sum(p.numel() for p in parameters)}


def denoise():
    with torch.no_grad():
        network(*batches["denoise"][:4])


def train():
    *inputs, target = batches["train"]
    loss = (network(*inputs) - target).square().sum((1, 2)).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 10.0)
    optimizer.step()
    with torch.no_grad():
        torch._foreach_mul_(average, 0.999)
        torch._foreach_add_(average, parameters, alpha=0.001)


def timed(work):
    cpu, start = time.process_time(), time.perf_counter()
    work()
    return {
        "ms": 1000 * (time.perf_counter() - start),
        "cpuMs": 1000 * (time.process_time() - cpu),
    }


ANSWERS = {
    "batch": prepare,
    "denoise": lambda _: timed(denoise),
    "train": lambda _: timed(train),
    "memory": lambda _: {"peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000},
}
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(ANSWERS[request["do"]](request)), flush=True)
