"""The same models in ordinary eager PyTorch: what one would write with its layers."""

import torch
from torch import nn
from torch.nn import functional

from helpers.positions import sinusoidal

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Seq2Seq(nn.Module):
    """Recurrent encoder-decoder, with one vector or with dot attention over all outputs."""

    def __init__(self, cell, vocabulary, width, attend):
        super().__init__()
        self.source_embedding = nn.Embedding(vocabulary, width)
        self.target_embedding = nn.Embedding(vocabulary, width)
        self.encoder = LAYERS[cell](width, width, batch_first=True)
        self.decoder = LAYERS[cell](width, width, batch_first=True)
        self.combine = nn.Linear(2 * width, width)
        self.output = nn.Linear(width, vocabulary)
        self.attend = attend

    def forward(self, source, mask, target_in):
        """Logits (batch, n_target, vocabulary); mask (batch, 1, n_source), True = may attend."""
        outputs, state = self.encoder(self.source_embedding(source))
        queries, _ = self.decoder(self.target_embedding(target_in), state)
        if self.attend:
            context = functional.scaled_dot_product_attention(
                queries, outputs, outputs, mask, scale=1.0
            )
        else:
            hidden = state[0] if isinstance(state, tuple) else state
            context = hidden[0][:, None].expand_as(queries)
        return self.output(torch.tanh(self.combine(torch.cat([queries, context], dim=-1))))


class AdditiveInside(nn.Module):
    """Bahdanau's model: the context enters the decoder's GRU, so its steps run in a loop."""

    def __init__(self, vocabulary, width):
        super().__init__()
        self.source_embedding = nn.Embedding(vocabulary, width)
        self.target_embedding = nn.Embedding(vocabulary, width)
        self.encoder = nn.GRU(width, width, batch_first=True)
        self.queries = nn.Linear(width, width)
        self.keys = nn.Linear(width, width)
        self.vector = nn.Parameter(torch.randn(width) / width**0.5)
        self.decoder = nn.GRUCell(2 * width, width)
        self.combine = nn.Linear(2 * width, width)
        self.output = nn.Linear(width, vocabulary)

    def forward(self, source, mask, target_in):
        """Logits (batch, n_target, vocabulary); mask (batch, 1, n_source), True = may attend."""
        memory, state = self.encoder(self.source_embedding(source))
        embedded, keys, hidden = self.target_embedding(target_in), self.keys(memory), state[0]
        hidden_outputs = []
        hidden_forbidden = ~mask[:, 0]
        for t in range(embedded.shape[1]):
            scores = torch.tanh(self.queries(hidden)[:, None] + keys) @ self.vector
            weights = scores.masked_fill(hidden_forbidden, -torch.inf).softmax(dim=-1)
            context = torch.bmm(weights[:, None], memory)[:, 0]
            hidden = self.decoder(torch.cat([embedded[:, t], context], dim=-1), hidden)
            hidden_outputs.append(torch.cat([hidden, context], dim=-1))
        both = torch.stack(hidden_outputs, dim=1)
        return self.output(torch.tanh(self.combine(both)))


class Transformer(nn.Module):
    """One encoder and one decoder layer, pre-norm, 4 heads, from PyTorch's own layers."""

    def __init__(self, vocabulary, width, heads=4):
        super().__init__()
        options = {"dropout": 0.0, "batch_first": True, "norm_first": True}
        self.source_embedding = nn.Embedding(vocabulary, width)
        self.target_embedding = nn.Embedding(vocabulary, width)
        self.encoder = nn.TransformerEncoderLayer(width, heads, 4 * width, **options)
        self.encoder_norm = nn.LayerNorm(width)
        self.decoder = nn.TransformerDecoderLayer(width, heads, 4 * width, **options)
        self.decoder_norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, vocabulary)
        self.register_buffer("positions", torch.from_numpy(sinusoidal(256, width)))

    def place(self, embedded):
        """Scale the embeddings and add the positions."""
        return embedded * embedded.shape[-1] ** 0.5 + self.positions[: embedded.shape[1]]

    def forward(self, source, mask, target_in):
        """Logits (batch, n_target, vocabulary); mask (batch, 1, n_source), True = may attend."""
        padded = ~mask[:, 0]
        n = target_in.shape[1]
        later = torch.ones(n, n, dtype=torch.bool).triu(1)
        memory = self.encoder(
            self.place(self.source_embedding(source)), src_key_padding_mask=padded
        )
        x = self.decoder(
            self.place(self.target_embedding(target_in)),
            self.encoder_norm(memory),
            tgt_mask=later,
            memory_key_padding_mask=padded,
        )
        return self.output(self.decoder_norm(x))
