"""Operations of train_pytorch.py for processors with bfloat16 units (AMX or AVX-512 BF16), where PyTorch's own spend most of a step
outside the matrix products. The same equations."""

import numba
import numpy as np
import torch
from torch.nn import functional as F

ROWS_OF_LOGITS = 512  # so few that they stay in the cache between the passes over them
POOL = 1 << 25


def has_bfloat16() -> bool:
    """Whether matrix products in bfloat16 are faster than in float32."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


# The recurrence c_t = s_t c_{t-1} + (1 - s_t) z_t, s = sigmoid(f), anew at each sentence: src/train/fused/ssru.rs.


@numba.njit(parallel=True, cache=True, fastmath=True)
def scan_forward(gates, first, cells):
    rows, steps, width = gates.shape
    d = width // 2
    for r in numba.prange(rows):
        c = np.zeros(d, np.float32)
        for t in range(steps):
            begins = first[r, t] != 0
            for i in range(d):
                s = 1.0 / (1.0 + np.exp(-gates[r, t, d + i]))
                before = np.float32(0.0) if begins else c[i]
                c[i] = s * before + (1.0 - s) * gates[r, t, i]
                cells[r, t, i] = c[i]


@numba.njit(parallel=True, cache=True, fastmath=True)
def scan_backward(gates, first, cells, grad, out):
    rows, steps, width = gates.shape
    d = width // 2
    for r in numba.prange(rows):
        carried = np.zeros(d, np.float32)
        for back in range(steps):
            t = steps - 1 - back
            begins = first[r, t] != 0
            for i in range(d):
                s = 1.0 / (1.0 + np.exp(-gates[r, t, d + i]))
                before = np.float32(0.0) if begins or t == 0 else cells[r, t - 1, i]
                e = grad[r, t, i] + carried[i]
                out[r, t, i] = (1.0 - s) * e
                out[r, t, d + i] = s * (1.0 - s) * (before - gates[r, t, i]) * e
                carried[i] = np.float32(0.0) if begins else s * e


class Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gates, first):
        wide = gates.float().contiguous()
        cells = wide.new_empty(*gates.shape[:2], gates.shape[2] // 2)
        scan_forward(wide.numpy(), first.numpy(), cells.numpy())
        ctx.save_for_backward(wide, first, cells)
        return cells.to(gates.dtype)

    @staticmethod
    def backward(ctx, grad):
        gates, first, cells = ctx.saved_tensors
        out = torch.empty_like(gates)
        scan_backward(gates.numpy(), first.numpy(), cells.numpy(), grad.float().contiguous().numpy(), out.numpy())
        return out.to(grad.dtype), None


class CrossEntropy(torch.autograd.Function):
    """Affine output layer and loss, a few rows of logits at a time; the gradients come about in the same pass."""

    @staticmethod
    def forward(ctx, x, table, bias, labels, counted, smoothing):
        narrow, narrow_bias = table.to(x.dtype), bias.to(x.dtype)
        grad_x, grad_table, grad_bias = torch.empty_like(x), torch.zeros_like(table), torch.zeros_like(bias)
        loss, sum_of_nll = torch.zeros(()), torch.zeros(())
        for at in range(0, len(x), ROWS_OF_LOGITS):
            rows = slice(at, at + ROWS_OF_LOGITS)
            label, count = labels[rows, None], counted[rows, None]
            logits = F.linear(x[rows], narrow, narrow_bias).float()
            whole = torch.logsumexp(logits, -1, keepdim=True)
            nll = whole - logits.gather(1, label)
            even = whole - logits.mean(-1, keepdim=True)
            sum_of_nll += (nll * count).sum()
            loss += (((1 - smoothing) * nll + smoothing * even) * count).sum()
            # d loss / d logits = softmax - (1 - eps) [label] - eps / V
            grad = logits.sub_(whole).exp_().sub_(smoothing / logits.shape[1])
            grad.scatter_add_(1, label, torch.full_like(nll, smoothing - 1)).mul_(count)
            grad_bias += grad.sum(0)
            narrow_grad = grad.to(x.dtype)
            grad_x[rows] = narrow_grad @ narrow
            grad_table += narrow_grad.t() @ x[rows]
        ctx.save_for_backward(grad_x, grad_table, grad_bias)
        return loss, sum_of_nll

    @staticmethod
    def backward(ctx, grad, _):
        x, table, bias = ctx.saved_tensors
        return x * grad.to(x.dtype), table * grad, bias * grad, None, None, None


def cross_entropy(x, table, bias, labels, counted, smoothing: float):
    return CrossEntropy.apply(x.flatten(0, 1), table, bias, labels.flatten(), counted.flatten(), smoothing)


def attention(query, keys, values, mask, heads: int):
    rows, steps, d = query.shape
    q, k, v = (x.view(rows, -1, heads, d // heads).transpose(1, 2) for x in (query, keys, values))
    scores = q @ k.transpose(2, 3) * (d // heads) ** -0.5 + mask
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, steps, d)


class Dropout:
    """Masks cut out of one long random mask at random places: drawing numbers would take longer than the layers."""

    def __init__(self) -> None:
        self.share, self.mask = 0.0, None

    def __call__(self, x, share: float):
        if share == 0.0:
            return x
        if self.mask is None or share != self.share:
            self.share, self.mask = share, (torch.rand(POOL) >= share).to(torch.bfloat16) / (1 - share)
        at = int(torch.randint(POOL - x.numel(), ()))
        return x * self.mask[at : at + x.numel()].view(x.shape).to(x.dtype)
