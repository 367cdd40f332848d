{
  # The native engine: the numerical core once per instruction set, chosen at run time, and its Node-API binding.
  # -ffast-math is left out on purpose: it breaks the rounding that exp relies on.
  "variables": {
    "core_flags": ["-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"],
    "avx512_flags": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
    "avx2_flags": ["-mavx2", "-mfma"]
  },
  "target_defaults": {
    "cflags!": ["-fno-strict-aliasing"],
    "defines": ["NAPI_VERSION=8"],
    "include_dirs": ["src/engines/c/common", "src/engines/c/egnn", "src/engines/c/optimizer"]
  },
  "targets": [
    {
      "target_name": "core_base",
      "type": "static_library",
      "sources": ["src/engines/c/egnn/egnn.c", "src/engines/c/painn/painn.c", "src/engines/c/geodiff/geodiff.c"],
      "defines": ["VL=4", "CORE=egnn_base", "PAINN=painn_base", "GEODIFF=geodiff_base"],
      "cflags": ["<@(core_flags)"],
      "xcode_settings": { "OTHER_CFLAGS": ["<@(core_flags)"] },
      "conditions": [
        ["target_arch=='arm64'", { "defines": ["MR=8", "CORE_NAME=\"NEON\""] }, { "defines": ["MR=4", "CORE_NAME=\"SSE\""] }]
      ]
    },
    {
      "target_name": "equimol",
      "sources": [
        "src/engines/c/common/module.c", "src/engines/c/egnn/egnn_addon.c", "src/engines/c/painn/painn_addon.c",
        "src/engines/c/geodiff/geodiff_addon.c"
      ],
      "dependencies": ["core_base"],
      "cflags": ["-O2", "-pthread", "-fvisibility=hidden"],
      "ldflags": ["-pthread"],
      "conditions": [["target_arch=='x64'", { "dependencies": ["core_avx2", "core_avx512"] }]]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "core_avx2",
          "type": "static_library",
          "sources": ["src/engines/c/egnn/egnn.c", "src/engines/c/painn/painn.c", "src/engines/c/geodiff/geodiff.c"],
          "defines": ["VL=8", "MR=6", "CORE=egnn_avx2", "PAINN=painn_avx2", "GEODIFF=geodiff_avx2", "CORE_NAME=\"AVX2\""],
          "cflags": ["<@(core_flags)", "<@(avx2_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(core_flags)", "<@(avx2_flags)"] }
        },
        {
          "target_name": "core_avx512",
          "type": "static_library",
          "sources": ["src/engines/c/egnn/egnn.c", "src/engines/c/painn/painn.c", "src/engines/c/geodiff/geodiff.c"],
          "defines": ["VL=16", "MR=14", "CORE=egnn_avx512", "PAINN=painn_avx512", "GEODIFF=geodiff_avx512", "CORE_NAME=\"AVX-512\""],
          "cflags": ["<@(core_flags)", "<@(avx512_flags)"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(core_flags)", "<@(avx512_flags)"] }
        }
      ]
    }]
  ]
}
