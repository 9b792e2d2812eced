"""The public benchmarks this server knows: what their pages say before anybody imports a ground truth."""

from dataclasses import dataclass

OWN_TERMS = "Terms of its authors, see the page of the data set"


@dataclass(frozen=True, slots=True)
class KnownBenchmark:
    """A public benchmark. `slug` is its key in `evaluator.catalog`, too; `videos` counts its val split."""

    slug: str
    name: str
    task: str
    position: int
    videos: int
    summary: str
    description: str
    homepage: str
    paper_url: str
    citation: str
    licence: str = OWN_TERMS

    @property
    def licence_url(self) -> str:
        return self.homepage


_YTVIS_PAGE = "https://youtube-vos.org/dataset/vis/"
_YTVIS_PAPER = "https://arxiv.org/abs/1905.04804"
_YTVIS_CITATION = """@inproceedings{yang2019vis,
  title = {Video Instance Segmentation},
  author = {Yang, Linjie and Fan, Yuchen and Xu, Ning},
  booktitle = {ICCV},
  year = {2019}
}"""

KNOWN_BENCHMARKS = (
    KnownBenchmark(
        slug="ovis",
        name="OVIS",
        task="vis",
        position=10,
        videos=140,
        summary="Occluded video instance segmentation: crowded scenes in which objects hide each other.",
        description=(
            "901 videos with 5,223 instances of 25 categories, chosen because their objects occlude each "
            "other. Every annotated object carries an occlusion level in every frame, so that a method's AP "
            "is also given for slightly, moderately and heavily occluded objects. The validation split has "
            "140 videos."
        ),
        homepage="https://songbai.site/ovis/",
        paper_url="https://arxiv.org/abs/2102.01558",
        citation="""@article{qi2022ovis,
  title = {Occluded Video Instance Segmentation: A Benchmark},
  author = {Qi, Jiyang and Gao, Yan and Hu, Yao and Wang, Xinggang and Liu, Xiaoyu and Bai, Xiang and
            Belongie, Serge and Yuille, Alan and Torr, Philip and Bai, Song},
  journal = {International Journal of Computer Vision},
  year = {2022}
}""",
    ),
    KnownBenchmark(
        slug="ytvis2019",
        name="YouTube-VIS 2019",
        task="vis",
        position=20,
        videos=302,
        summary="The first video instance segmentation benchmark: short web videos, 40 categories.",
        description=(
            "2,883 web videos with 4,883 instances of 40 everyday categories. The benchmark that defined the "
            "task: objects are detected, segmented and tracked at once, and scored by the IoU of whole "
            "tracklets. The validation split has 302 videos."
        ),
        homepage=_YTVIS_PAGE,
        paper_url=_YTVIS_PAPER,
        citation=_YTVIS_CITATION,
    ),
    KnownBenchmark(
        slug="ytvis2021",
        name="YouTube-VIS 2021",
        task="vis",
        position=30,
        videos=421,
        summary="More videos, nearly twice the instances, and a revised list of 40 categories.",
        description=(
            "3,859 web videos with 8,171 instances. Against 2019, similar categories were merged and new "
            "ones added. The validation split has 421 videos."
        ),
        homepage=_YTVIS_PAGE,
        paper_url=_YTVIS_PAPER,
        citation="""@misc{yang2021vis,
  title = {The 3rd Large-scale Video Object Segmentation Challenge: Video Instance Segmentation Track},
  author = {Yang, Linjie and Fan, Yuchen and Fu, Yang and Xu, Ning},
  year = {2021}
}""",
    ),
    KnownBenchmark(
        slug="ytvis2022",
        name="YouTube-VIS 2022",
        task="vis",
        position=40,
        videos=492,
        summary="YouTube-VIS 2021 with 71 long validation videos, which papers report apart.",
        description=(
            "The training videos and categories of 2021, and 71 long videos in addition to its 421 for "
            "validation. Papers give the AP of short and long videos apart, often of the long ones alone."
        ),
        homepage=_YTVIS_PAGE,
        paper_url=_YTVIS_PAPER,
        citation=_YTVIS_CITATION,
    ),
    KnownBenchmark(
        slug="vipseg",
        name="VIPSeg",
        task="vps",
        position=50,
        videos=343,
        summary="Video panoptic segmentation in the wild: 124 categories, 58 of things and 66 of stuff.",
        description=(
            "3,536 videos of many kinds of scenes in which every pixel has a category, and every pixel of a "
            "countable object an identity through time as well. The validation split has 343 videos."
        ),
        homepage="https://github.com/VIPSeg-Dataset/VIPSeg-Dataset",
        paper_url="https://openaccess.thecvf.com/content/CVPR2022/html/"
        "Miao_Large-Scale_Video_Panoptic_Segmentation_in_the_Wild_A_Benchmark_CVPR_2022_paper.html",
        citation="""@inproceedings{miao2022vipseg,
  title = {Large-scale Video Panoptic Segmentation in the Wild: A Benchmark},
  author = {Miao, Jiaxu and Wang, Xiaohan and Wu, Yu and Li, Wei and Zhang, Xu and Wei, Yunchao and Yang, Yi},
  booktitle = {CVPR},
  year = {2022}
}""",
    ),
    KnownBenchmark(
        slug="vspw",
        name="VSPW",
        task="vss",
        position=60,
        videos=343,
        summary="Video semantic segmentation in the wild: 124 categories, and how steady predictions are.",
        description=(
            "3,536 videos with a category for every pixel, at 15 frames per second. Beside mIoU, video "
            "consistency measures whether predictions stay constant where the ground truth does. "
            "The validation split has 343 videos."
        ),
        homepage="https://www.vspwdataset.com/",
        paper_url="https://openaccess.thecvf.com/content/CVPR2021/html/"
        "Miao_VSPW_A_Large-scale_Dataset_for_Video_Scene_Parsing_in_the_CVPR_2021_paper.html",
        citation="""@inproceedings{miao2021vspw,
  title = {{VSPW}: A Large-scale Dataset for Video Scene Parsing in the Wild},
  author = {Miao, Jiaxu and Wei, Yunchao and Wu, Yu and Liang, Chen and Li, Guangrui and Yang, Yi},
  booktitle = {CVPR},
  year = {2021}
}""",
    ),
)
