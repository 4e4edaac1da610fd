package shop;

import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;

/** An application with OpenTelemetry's SDK, which prints what is exported. Argument: global, or none. */
class Own {
  static class Printer implements SpanExporter {
    public CompletableResultCode export(Collection<SpanData> spans) {
      spans.forEach(span -> System.out.println("exported " + span.getName()));
      return CompletableResultCode.ofSuccess();
    }

    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  public static void main(String[] arguments) {
    var provider = SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(new Printer())).build();
    var own = OpenTelemetrySdk.builder().setTracerProvider(provider);
    var api = arguments.length > 0 ? own.buildAndRegisterGlobal() : own.build();
    api.getTracer("own").spanBuilder("direct").startSpan().end();
    if (arguments.length > 0) GlobalOpenTelemetry.getTracer("own").spanBuilder("global").startSpan().end();
    System.out.println("traced");
    provider.close();
  }
}
