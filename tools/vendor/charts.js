// ECharts with what Twain's pages draw, and nothing that makes code from text (the map's GeoJSON reader does; no maps here).
import { BarChart, CustomChart, FunnelChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent, DatasetComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TitleComponent,
  TooltipComponent, VisualMapComponent,
} from "echarts/components";
import { registerPreprocessor, use } from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

use([
  AriaComponent, BarChart, CanvasRenderer, CustomChart, DatasetComponent, FunnelChart, GridComponent, HeatmapChart,
  LegendComponent, LineChart, MarkAreaComponent, MarkLineComponent, ScatterChart, SVGRenderer, TitleComponent,
  TooltipComponent, VisualMapComponent,
]);

// A tooltip of HTML carries style attributes, which a Content-Security-Policy without 'unsafe-inline' drops; a drawn one needs none.
registerPreprocessor((option) => {
  for (const tooltip of [option.tooltip ?? []].flat()) tooltip.renderMode = "richText";
});

export { connect, disconnect, dispose, getInstanceByDom, init, registerLocale, registerTheme, version } from "echarts/core";
