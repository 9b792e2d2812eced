"""The metrics of maps: panoptic (VPQ, STQ) and semantic (IoU, consistency)."""

from __future__ import annotations

from typing import Final

from evaluator.catalog.spec import Example, MetricGroup, MetricSpec, Source

_VPQ_PAPER: Final = Source(
    "Kim et al., Video Panoptic Segmentation, CVPR 2020, section 4", "https://arxiv.org/abs/2006.11339"
)
_VIPSEG: Final = "https://github.com/VIPSeg-Dataset/VIPSeg-Dataset"
_VPQ_CODE: Final = Source("Official code: VIPSeg-Dataset 92e1459, eval_vpq_vspw.py", _VIPSEG)
_STQ_PAPER: Final = Source(
    "Weber et al., STEP: Segmenting and Tracking Every Pixel, NeurIPS 2021, the STQ metric",
    "https://arxiv.org/abs/2102.11859",
)
_STQ_CODE: Final = Source(
    "Official code: VIPSeg-Dataset, eval_stq_vspw.py and segmentation_and_tracking_quality.py", _VIPSEG
)
_VSPW_PAPER: Final = Source(
    "Miao et al., VSPW: A Large-scale Dataset for Video Scene Parsing in the Wild, CVPR 2021",
    "https://openaccess.thecvf.com/content/CVPR2021/html/"
    "Miao_VSPW_A_Large-scale_Dataset_for_Video_Scene_Parsing_in_the_CVPR_2021_paper.html",
)
_IOU_CODE: Final = Source(
    "Official code: DVIS_Plus c0eb249, utils/eval_miou_vspw.py", "https://github.com/zhang-tao-whu/DVIS_Plus"
)
_VC_CODE: Final = Source(
    "Official code: VSPW_baseline 2dcd3fc, VC_perclip.py", "https://github.com/VSPW-dataset/VSPW_baseline"
)

_PQ: Final = (
    r"\mathrm{PQ}_c^k = \frac{\sum_{(p,g) \in \mathrm{TP}} \mathrm{IoU}(p,g)}"
    r"{|\mathrm{TP}| + \frac{1}{2} |\mathrm{FP}| + \frac{1}{2} |\mathrm{FN}|}"
)
_TUBES: Final = (
    "In every window of $k$ consecutive annotated frames of a video, all pixels with one segment id are a "
    "tube. A predicted tube $p$ and a true one $g$ of the same category match (TP) if their IoU is above "
    "0.5; pixels of $p$ that are void in the ground truth do not count in it. Tubes without a match are FP "
    "and FN. Sums run over all windows of all videos, means over the categories $C$ with a TP, FP or FN."
)
_VPQ_QUIRKS: Final = (
    "The area of a true segment is the `area` of the panoptic JSON, not its number of pixels.",
    "A tube has the category, and is a crowd or not, as the first frame of the window that has it says.",
    "Unmatched predicted tubes are not FP if more than half of their pixels lie on void and on one crowd of "
    "their category; of several crowds the one listed last counts.",
    "Where no video has $k$ frames, the official script ends with an error; here VPQ is undefined.",
)
_IN_THE_SCENE: Final = {
    1: "0.9 for the sky and 1 for the cat",
    2: "0.9 for the sky; the cat is right in 6 of 7 windows and lost in the one across the change of id (IoU "
    "0.5, two FP, one FN): 6 / (6 + 1 + 0.5) = 0.8",
    4: "0.9 for the sky; of the cat 5 windows have IoU 1, 0.75, 0.5, 0.75 and 1 with one id: "
    "3.5 / (4 + 4/2 + 1/2) = 0.5385",
    6: "0.9 for the sky; of the cat 3 windows have IoU 4/6, 3/6 and 4/6 with one id: "
    "1.3333 / (2 + 4/2 + 1/2) = 0.2963",
    8: "0.9 for the sky and 0 for the cat, of which no id has more than half of the only window",
}
_STQ_SYMBOLS: Final = (
    "$g$ is a true thing with all its pixels $|g|$ in the video, $p$ a predicted one, $G$ all true things of "
    "all videos. "
)
_AQ: Final = (
    r"\mathrm{AQ} = \frac{1}{|G|} \sum_{g \in G} \frac{1}{|g|} \sum_p |p \cap g| \cdot "
    r"\frac{|p \cap g|}{|p| + |g| - |p \cap g|}"
)
_SQ: Final = r"\mathrm{SQ} = \frac{1}{|C|} \sum_{c \in C} \frac{|p_c \cap g_c|}{|p_c \cup g_c|}"
_SQ_SYMBOLS: Final = (
    "$p_c$ and $g_c$ are the pixels of class $c$ in the prediction and in the ground truth, of all frames of "
    "all videos together; pixels that are void in the ground truth do not count. "
)
_AQ_QUIRKS: Final = (
    "The first segment that the JSON lists of a video is left out if it is a thing: it gets the instance "
    "number 0, which the metric takes for a crowd. `iscrowd` is not looked at.",
    "The classes of the two tubes need not agree, and void pixels count into the size of a predicted tube.",
    "Without any true thing AQ is 0, not undefined.",
)
_SQ_QUIRK: Final = (
    'Where a labelled pixel is predicted as void, "void" counts as one more class, with IoU 0, in the mean.'
)
_STABLE: Final = (
    "A window is $n$ consecutive frames of a video. $S_w(g)$ are the pixels that have the same true class in "
    "all frames of the window $w$, $S_w(p)$ those with the same predicted class; $W$ are the windows of all "
    "videos together."
)


def _vpq(
    key: str,
    label: str,
    title: str,
    description: str,
    meaning: str,
    formula: str,
    symbols: str,
    working: str,
    value: float,
    group: MetricGroup = "overall",
    quirks: tuple[str, ...] = _VPQ_QUIRKS,
) -> MetricSpec:
    return MetricSpec(
        key=key,
        label=label,
        title=title,
        group=group,
        description=description,
        meaning=meaning,
        formula=(_PQ, formula),
        symbols=f"{_TUBES}{symbols}",
        sources=(_VPQ_PAPER, _VPQ_CODE),
        quirks=quirks,
        example=Example("panoptic", working, value),
    )


def _window(k: int, value: float) -> MetricSpec:
    frames = f"{k} frame{'s' * (k > 1)}"
    return _vpq(
        f"VPQ{k}",
        f"VPQ{k}",
        f"VPQ over {frames}",
        f"Tubes are as long as {k} annotated frame{'s' * (k > 1)}; all windows of every video count.",
        "How well every frame is parted into segments, whatever their ids in other frames."
        if k == 1
        else f"How well every stretch of {frames} is parted into segments that keep their ids.",
        f"\\mathrm{{VPQ}}^{k} = \\frac{{1}}{{|C|}} \\sum_{{c \\in C}} \\mathrm{{PQ}}_c^{k}",
        "",
        f"{_IN_THE_SCENE[k]}; the mean of both.",
        value,
        "windows",
    )


def _consistency(n: int, working: str, value: float) -> MetricSpec:
    return MetricSpec(
        key=f"VC{n}",
        label=f"VC{n}",
        title=f"Video consistency over {n} frames",
        group="consistency",
        description=f"Share of the pixels with the same true class for {n} frames whose prediction stays the "
        "same.",
        meaning=f"How seldom the prediction flickers where nothing changes for {n} frames.",
        formula=(
            f"\\mathrm{{VC}}_{{{n}}} = \\frac{{1}}{{|W|}} \\sum_{{w \\in W}} "
            "\\frac{|S_w(g) \\cap S_w(p)|}{|S_w(g)|}",
        ),
        symbols=f"{_STABLE} Here $n = {n}$.",
        sources=(_VSPW_PAPER, _VC_CODE),
        quirks=(
            f"The last window of every video is left out; a video of {n} frames or fewer has none.",
            "Whether the constant prediction is right does not matter.",
            "Void is a class like others, so pixels that stay void count.",
            "Windows in which no pixel keeps its true class are skipped.",
        ),
        example=Example("semantic", working, value),
    )


SPECS: Final = (
    _vpq(
        "VPQ",
        "VPQ",
        "Video panoptic quality",
        "Mean of VPQ1, VPQ2, VPQ4, VPQ6: sum of IoU / (TP + FP / 2 + FN / 2) of tubes, over the categories.",
        "How well all pixels are parted into things and stuff that keep their ids for a while.",
        r"\mathrm{VPQ} = \frac{1}{4} \sum_{k \in \{1,2,4,6\}} \frac{1}{|C|} \sum_{c \in C} \mathrm{PQ}_c^k",
        "",
        "(0.95 + 0.85 + 0.7192 + 0.5981) / 4, the values of VPQ1, VPQ2, VPQ4 and VPQ6.",
        0.7793,
    ),
    _vpq(
        "VPQ_th",
        "VPQ Th",
        "VPQ of things",
        "As VPQ, over the countable categories.",
        "How well countable objects are segmented and keep their ids for a while.",
        r"\mathrm{VPQ}_{\mathrm{Th}} = \frac{1}{4} \sum_{k \in \{1,2,4,6\}} \frac{1}{|C_{\mathrm{Th}}|} "
        r"\sum_{c \in C_{\mathrm{Th}}} \mathrm{PQ}_c^k",
        " $C_{\\mathrm{Th}}$ are those of $C$ whose `isthing` is 1.",
        "The cat alone: (1 + 0.8 + 0.5385 + 0.2963) / 4.",
        0.6587,
    ),
    _vpq(
        "VPQ_st",
        "VPQ St",
        "VPQ of stuff",
        "As VPQ, over the uncountable categories.",
        "How well surfaces and regions are segmented through the video.",
        r"\mathrm{VPQ}_{\mathrm{St}} = \frac{1}{4} \sum_{k \in \{1,2,4,6\}} \frac{1}{|C_{\mathrm{St}}|} "
        r"\sum_{c \in C_{\mathrm{St}}} \mathrm{PQ}_c^k",
        " $C_{\\mathrm{St}}$ are those of $C$ whose `isthing` is 0.",
        "The sky alone: 54 of 60 pixels in every window.",
        0.9,
    ),
    *(_window(k, value) for k, value in ((1, 0.95), (2, 0.85), (4, 0.7192), (6, 0.5981), (8, 0.45))),
    _vpq(
        "VPQ_script",
        "VPQ script",
        "VPQ as the official script prints it",
        "Mean of VPQ1, VPQ2, VPQ4, VPQ6 and VPQ8.",
        "As VPQ, with windows of 8 frames as well: the number that the official script prints.",
        r"\mathrm{VPQ}_{\mathrm{script}} = \frac{1}{5} \sum_{k \in \{1,2,4,6,8\}} \frac{1}{|C|} "
        r"\sum_{c \in C} \mathrm{PQ}_c^k",
        "",
        "(0.95 + 0.85 + 0.7192 + 0.5981 + 0.45) / 5.",
        0.7135,
        "windows",
        (
            "The paper's mean has four windows, the script's five; papers differ in which they report.",
            *_VPQ_QUIRKS,
        ),
    ),
    MetricSpec(
        key="STQ",
        label="STQ",
        title="Segmentation and tracking quality",
        group="overall",
        description="Geometric mean of association quality (AQ) and segmentation quality (SQ).",
        meaning="How well every pixel gets its class, and how well each thing keeps one id through the whole "
        "video.",
        formula=(r"\mathrm{STQ} = \sqrt{\mathrm{AQ} \cdot \mathrm{SQ}}", _AQ, _SQ),
        symbols=f"{_STQ_SYMBOLS}{_SQ_SYMBOLS}$C$ are the classes with any such pixel.",
        sources=(_STQ_PAPER, _STQ_CODE),
        quirks=(*_AQ_QUIRKS, _SQ_QUIRK),
        example=Example("panoptic", "The square root of AQ 0.5 times SQ 0.6333.", 0.5627),
    ),
    MetricSpec(
        key="AQ",
        label="AQ",
        title="Association quality",
        group="consistency",
        description="How well the pixels of a thing stay in one predicted tube through the video, whatever "
        "its class.",
        meaning="How well each thing keeps one id through the whole video.",
        formula=(_AQ,),
        symbols=_STQ_SYMBOLS.strip(),
        sources=(_STQ_PAPER, _STQ_CODE),
        quirks=_AQ_QUIRKS,
        example=Example(
            "panoptic",
            "The cat has 320 pixels in all, each of its two ids 160: each shares 160 at IoU 160/320. "
            "2 × 160 × 0.5 / 320. (The sky is listed first, so the cat counts.)",
            0.5,
        ),
    ),
    MetricSpec(
        key="SQ",
        label="SQ",
        title="Segmentation quality",
        group="overall",
        description="Mean IoU of the classes over all pixels of all videos.",
        meaning="How well every pixel gets its class, whatever its id.",
        formula=(_SQ,),
        symbols=f"{_SQ_SYMBOLS}$C$ are the classes with any such pixel.",
        sources=(_STQ_PAPER, _STQ_CODE),
        quirks=(_SQ_QUIRK,),
        example=Example(
            "panoptic", "0.9 for the sky, 1 for the cat, and 0 for void: (0.9 + 1 + 0) / 3.", 0.6333
        ),
    ),
    MetricSpec(
        key="mIoU",
        label="mIoU",
        title="Mean IoU",
        group="overall",
        description="Mean IoU of the classes that occur in the ground truth, over all pixels of all videos.",
        meaning="How well every pixel gets its class, rare classes counting as much as common ones.",
        formula=(r"\mathrm{mIoU} = \frac{1}{|C|} \sum_{c \in C} \frac{|p_c \cap g_c|}{|p_c \cup g_c|}",),
        symbols=f"{_SQ_SYMBOLS}$C$ are the classes with a true pixel.",
        sources=(_VSPW_PAPER, _IOU_CODE),
        quirks=(
            "Classes that are predicted and never occur are left out of the mean.",
            "In the ground truth 0 and 255 are void and class c is written as c + 1; predictions have c. "
            "Predicted values that are not a class count as wrong (officially they fall into other classes "
            "or end the evaluation, which is not kept).",
        ),
        example=Example(
            "semantic", "Road: 1,080 / 1,100 = 0.9818. Grass: 700 / 720 = 0.9722. The mean of both.", 0.9770
        ),
    ),
    MetricSpec(
        key="fwIoU",
        label="fwIoU",
        title="Frequency-weighted IoU",
        group="overall",
        description="Mean IoU, every class weighted with its share of the labelled pixels.",
        meaning="How well every pixel gets its class, common classes counting more than rare ones.",
        formula=(
            r"\mathrm{fwIoU} = \sum_{c \in C} \frac{|g_c|}{\sum_{d \in C} |g_d|} \cdot "
            r"\frac{|p_c \cap g_c|}{|p_c \cup g_c|}",
        ),
        symbols=f"{_SQ_SYMBOLS}$C$ are the classes with a true pixel.",
        sources=(_VSPW_PAPER, _IOU_CODE),
        example=Example("semantic", "0.6 × 0.9818 + 0.4 × 0.9722.", 0.9780),
    ),
    _consistency(
        8,
        "10 of the 11 windows count, all but the last one. In the first 2 no pixel changes, in the 8 with "
        "frame 10 a fifth does: (2 × 1 + 8 × 0.8) / 10.",
        0.84,
    ),
    _consistency(16, "2 of the 3 windows count, and frame 10 is in both.", 0.8),
)
